package dev.lora4j.row;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/**
 * The keys and values of a text's tokens, group after group, where a single token attends to them.
 *
 * @param keys the first key of the first group
 * @param values the first value
 * @param capacity how many tokens of a group there is memory for
 * @param dim numbers in a head
 * @param groups heads of keys and values
 */
public record CachedHeads(
    FloatPointer keys, FloatPointer values, long capacity, int dim, int groups) {

  /**
   * @param keys {@code [1, groups, capacity, dim]}, contiguous; has to live as long
   * @param values of the same shape
   */
  public static CachedHeads of(Tensor keys, Tensor values) {
    return new CachedHeads(
        PlainMatrix.memory(keys),
        PlainMatrix.memory(values),
        keys.size(2),
        Math.toIntExact(keys.size(3)),
        Math.toIntExact(keys.size(1)));
  }

  /**
   * Writes a token's keys and values. Several threads may, if they write the same.
   *
   * @param row has the keys from one place on, the values from another
   */
  public void write(Row row, int keysFrom, int valuesFrom, int token) {
    for (int group = 0; group < groups; group++) {
      long place = (group * capacity + token) * dim;
      row.copyTo(keysFrom + group * dim, dim, PlainMatrix.at(keys, place));
      row.copyTo(valuesFrom + group * dim, dim, PlainMatrix.at(values, place));
    }
  }

  /**
   * {@code softmax(K q / √dim)ᵀ V} of one head.
   *
   * @param queries head after head
   * @param first the first token that is seen
   * @param seen how many are
   * @param weights room for as many numbers
   * @param attended head after head, of which this one is written
   */
  public void attend(
      Row queries, int head, int group, long first, int seen, Row weights, Row attended) {
    long begin = (group * capacity + first) * dim;
    float scale = (float) (1 / Math.sqrt(dim));
    PlainMatrix.rowsAt(keys, begin, seen, dim)
        .multiply(queries.from(head * dim), scale, weights.from(0));
    weights.softmax(seen);
    PlainMatrix.rowsAt(values, begin, seen, dim)
        .t()
        .multiply(weights.from(0), 1, attended.from(head * dim));
  }
}
