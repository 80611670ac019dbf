package dev.lora4j.nn;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A row's next token among those that were read before it. It attends by matrix-vector products in
 * the memory where their keys and values lie: the fused kernel is made for many queries, and takes
 * thrice the time.
 *
 * @param keys with room for the token, {@code [1, groups, capacity, dim]}
 * @param values of the same shape
 * @param place of the token in them
 * @param seen how many tokens it sees, itself included
 */
public record NextToken(Tensor keys, Tensor values, long place, long seen) {

  /** Whether these, {@code [batch, tokens, heads, dim]} each, are one token's, of no gradient. */
  public static boolean suits(Tensor q, Tensor k, Tensor v) {
    return isOneToken(q) && isOneToken(k) && isOneToken(v);
  }

  private static boolean isOneToken(Tensor heads) {
    return OneRow.suits(heads, heads.size(2) * heads.size(3));
  }

  /**
   * Writes the token's key and value in their place, and attends: {@code softmax(K q / √dim)ᵀ V} of
   * each head.
   *
   * @param q {@code [1, 1, heads, dim]}
   * @param k {@code [1, 1, groups, dim]}, where groups divides heads
   * @param v {@code [1, 1, groups, dim]}
   * @return {@code [1, 1, heads · dim]}
   */
  public Tensor attend(Tensor q, Tensor k, Tensor v) {
    FloatPointer keyMemory = PlainMatrix.memory(keys);
    FloatPointer valueMemory = PlainMatrix.memory(values);
    write(k, keyMemory);
    write(v, valueMemory);
    long heads = q.size(2);
    long dim = q.size(3);
    long served = heads / keys.size(1);
    float scale = (float) (1 / Math.sqrt(dim));
    Tensor weights = torch.empty(new long[] {heads, seen}, q.options(), null);
    Tensor y = torch.empty(new long[] {1, 1, heads * dim}, q.options(), null);
    FloatPointer queries = PlainMatrix.memory(q);
    FloatPointer scores = PlainMatrix.memory(weights);
    FloatPointer outputs = PlainMatrix.memory(y);
    CrewProduct.parts(
        heads,
        (from, count) -> {
          for (long head = from; head < from + count; head++) {
            seenOf(keyMemory, head / served)
                .multiply(
                    PlainMatrix.at(queries, head * dim),
                    scale,
                    PlainMatrix.at(scores, head * seen));
          }
          Tensor some = weights.narrow(0, from, count);
          torch.softmax_out(some, some, -1);
          for (long head = from; head < from + count; head++) {
            seenOf(valueMemory, head / served)
                .t()
                .multiply(
                    PlainMatrix.at(scores, head * seen), 1, PlainMatrix.at(outputs, head * dim));
          }
        });
    return y;
  }

  /** The rows of one group that the token sees, {@code [seen, dim]}. */
  private PlainMatrix seenOf(FloatPointer memory, long group) {
    long dim = keys.size(3);
    long first = group * keys.size(2) + place + 1 - seen;
    return PlainMatrix.rowsAt(memory, first * dim, seen, dim);
  }

  /** Puts each group's numbers in the token's place. */
  private void write(Tensor token, FloatPointer memory) {
    int dim = Math.toIntExact(token.size(3));
    float[] numbers = OneRow.values(token);
    for (int group = 0; group < numbers.length / dim; group++) {
      long offset = (group * keys.size(2) + place) * dim;
      PlainMatrix.at(memory, offset).put(numbers, group * dim, dim);
    }
  }
}
