package dev.lora4j.nn.kernel;

import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/** A view of one layer's KV cache, group after group, for the attention of a single token. */
public record KvCacheView(
    FloatPointer keys, FloatPointer values, long capacity, int dim, int groups) {

  /**
   * Returns a view of these tensors, which must outlive it.
   *
   * @param keys {@code [1, groups, capacity, dim]}, contiguous
   * @param values of the same shape
   */
  public static KvCacheView of(Tensor keys, Tensor values) {
    return new KvCacheView(
        FloatMatrix.memory(keys),
        FloatMatrix.memory(values),
        keys.size(2),
        Math.toIntExact(keys.size(3)),
        Math.toIntExact(keys.size(1)));
  }

  /** Writes a token's keys and values; threads may write the same ones concurrently. */
  public void write(
      FloatVector newKeys, int keysFrom, FloatVector newValues, int valuesFrom, int token) {
    for (int group = 0; group < groups; group++) {
      long place = (group * capacity + token) * dim;
      newKeys.copyTo(keysFrom + group * dim, dim, FloatMatrix.at(keys, place));
      newValues.copyTo(valuesFrom + group * dim, dim, FloatMatrix.at(values, place));
    }
  }

  /**
   * Computes {@code softmax(K q / √dim)ᵀ V} for a range of a token's heads, which are laid out head
   * after head. The weights are memory for one value for each token attended to, itself last.
   *
   * @param cap soft cap of the scores, before the softmax
   */
  public void attend(
      FloatVector queries,
      int from,
      int to,
      int heads,
      long token,
      Optional<SoftCap> cap,
      FloatVector weights,
      FloatVector attended) {
    int seen = weights.size();
    float scale = (float) (1 / Math.sqrt(dim));
    for (int head = from; head < to; head++) {
      long group = (long) head * groups / heads;
      long first = (group * capacity + token + 1 - seen) * dim;
      FloatMatrix.rowsAt(keys, first, seen, dim)
          .multiply(queries.from((long) head * dim), scale, weights.from(0));
      cap.ifPresent(found -> found.apply(weights));
      weights.softmax();
      FloatMatrix.rowsAt(values, first, seen, dim)
          .t()
          .multiply(weights.from(0), 1, attended.from((long) head * dim));
    }
  }

  /** Computes a head's scores, {@code K q / √dim}, for {@code count} tokens from one on. */
  void score(
      FloatVector queries,
      int head,
      int group,
      int token,
      FloatVector scores,
      int place,
      int count) {
    float scale = (float) (1 / Math.sqrt(dim));
    FloatMatrix.rowsAt(keys, (group * capacity + token) * dim, count, dim)
        .multiply(queries.from((long) head * dim), scale, scores.from(place));
  }

  /** Computes a head's sum of weighted values, or adds it to that of the tokens before. */
  void mix(
      FloatVector weights,
      int place,
      int count,
      int group,
      int token,
      FloatVector attended,
      int head,
      boolean adding) {
    FloatMatrix some = FloatMatrix.rowsAt(values, (group * capacity + token) * dim, count, dim).t();
    FloatPointer y = attended.from((long) head * dim);
    if (adding) {
      some.addProduct(weights.from(place), 1, y);
    } else {
      some.multiply(weights.from(place), 1, y);
    }
  }
}
