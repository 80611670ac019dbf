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
   * Writes a token's keys and values, which begin at these places of rows. Several threads may, if
   * they write the same.
   */
  public void write(Row newKeys, int keysFrom, Row newValues, int valuesFrom, int token) {
    for (int group = 0; group < groups; group++) {
      long place = (group * capacity + token) * dim;
      newKeys.copyTo(keysFrom + group * dim, dim, PlainMatrix.at(keys, place));
      newValues.copyTo(valuesFrom + group * dim, dim, PlainMatrix.at(values, place));
    }
  }

  /**
   * {@code softmax(K q / √dim)ᵀ V} of some heads of a token.
   *
   * @param queries head after head
   * @param from the first head
   * @param to the one after the last
   * @param heads how many there are in all; each group serves as many
   * @param weights as many numbers as the token sees tokens, of which it is the last
   * @param attended head after head, of which these are written
   */
  public void attend(
      Row queries, int from, int to, int heads, long token, Row weights, Row attended) {
    int seen = weights.size();
    float scale = (float) (1 / Math.sqrt(dim));
    for (int head = from; head < to; head++) {
      long group = (long) head * groups / heads;
      long first = (group * capacity + token + 1 - seen) * dim;
      PlainMatrix.rowsAt(keys, first, seen, dim)
          .multiply(queries.from((long) head * dim), scale, weights.from(0));
      weights.softmax();
      PlainMatrix.rowsAt(values, first, seen, dim)
          .t()
          .multiply(weights.from(0), 1, attended.from((long) head * dim));
    }
  }
}
