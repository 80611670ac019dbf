package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention of one new token over the KV cache, by matrix-vector products in the cache's memory:
 * the fused kernel is designed for many queries, and takes three times as long.
 *
 * @param keys the cached keys, with room for the token, {@code [1, groups, capacity, dim]}
 * @param values the cached values, of the same shape
 * @param place index of the token in the cache
 * @param seen number of tokens that it attends to, itself included
 * @param cap soft cap of the scores, before the softmax
 */
public record DecodeAttention(
    Tensor keys, Tensor values, long place, long seen, Optional<SoftCap> cap) {

  /** Returns whether these, {@code [batch, tokens, heads, dim]}, are one token without gradient. */
  public static boolean suits(Tensor q, Tensor k, Tensor v) {
    return isOneToken(q) && isOneToken(k) && isOneToken(v);
  }

  private static boolean isOneToken(Tensor heads) {
    return FloatVector.isRow(heads, heads.size(2) * heads.size(3));
  }

  /**
   * Writes the token's key and value into the cache and attends: {@code softmax(K q / √dim)ᵀ V} of
   * each head.
   *
   * @param q {@code [1, 1, heads, dim]}
   * @param k {@code [1, 1, groups, dim]}, where groups divides heads
   * @param v {@code [1, 1, groups, dim]}
   * @return {@code [1, 1, heads · dim]}
   */
  public Tensor attend(Tensor q, Tensor k, Tensor v) {
    KvCacheView cached = KvCacheView.of(keys, values);
    cached.write(FloatVector.over(k), 0, FloatVector.over(v), 0, Math.toIntExact(place));
    int heads = Math.toIntExact(q.size(2));
    Tensor y = Ops.empty(1, 1, q.numel());
    FloatVector queries = FloatVector.over(q);
    FloatVector attended = FloatVector.over(y);
    ThreadTeam.parallel(
        (part, team) -> {
          try (FloatVector weights = FloatVector.of(Math.toIntExact(seen))) {
            team.share(
                heads,
                1,
                (from, to) ->
                    cached.attend(queries, from, to, heads, place, cap, weights, attended));
          }
        });
    return y;
  }
}
