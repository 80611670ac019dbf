package dev.lora4j.nn;

import dev.lora4j.row.PlainMatrix;
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
    Cached cachedKeys = Cached.of(this, keys);
    Cached cachedValues = Cached.of(this, values);
    cachedKeys.write(k);
    cachedValues.write(v);
    long heads = q.size(2);
    long dim = q.size(3);
    long served = heads / keys.size(1);
    float scale = (float) (1 / Math.sqrt(dim));
    Tensor weights = Ops.empty(heads, seen);
    Tensor y = Ops.empty(1, 1, heads * dim);
    FloatPointer queries = PlainMatrix.memory(q);
    FloatPointer scores = PlainMatrix.memory(weights);
    FloatPointer outputs = PlainMatrix.memory(y);
    CrewProduct.parts(
        heads,
        (from, count) -> {
          for (long head = from; head < from + count; head++) {
            cachedKeys
                .seen(head / served)
                .multiply(
                    PlainMatrix.at(queries, head * dim),
                    scale,
                    PlainMatrix.at(scores, head * seen));
          }
          Tensor some = weights.narrow(0, from, count);
          torch.softmax_out(some, some, -1);
          for (long head = from; head < from + count; head++) {
            cachedValues
                .seen(head / served)
                .t()
                .multiply(
                    PlainMatrix.at(scores, head * seen), 1, PlainMatrix.at(outputs, head * dim));
          }
        });
    return y;
  }

  /** Keys or values, group after group. */
  private record Cached(FloatPointer memory, long capacity, long dim, long place, long seen) {

    static Cached of(NextToken token, Tensor tensor) {
      return new Cached(
          PlainMatrix.memory(tensor), tensor.size(2), tensor.size(3), token.place, token.seen);
    }

    /** Puts each group's numbers in the token's place. */
    void write(Tensor token) {
      float[] numbers = OneRow.values(token);
      for (int begin = 0; begin < numbers.length; begin += (int) dim) {
        long row = begin / dim * capacity + place;
        PlainMatrix.at(memory, row * dim).put(numbers, begin, (int) dim);
      }
    }

    /** What the token sees of a group, {@code [seen, dim]}. */
    PlainMatrix seen(long group) {
      long first = group * capacity + place + 1 - seen;
      return PlainMatrix.rowsAt(memory, first * dim, seen, dim);
    }
  }
}
