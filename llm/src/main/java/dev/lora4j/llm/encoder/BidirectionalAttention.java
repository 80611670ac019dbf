package dev.lora4j.llm.encoder;

import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Bidirectional self-attention within each text of a batch, {@code softmax(q kᵀ / √D) v}; with a
 * window, a token attends to those at most so many tokens away. One object serves all layers of a
 * forward pass and keeps its masks in the caller's pointer scope.
 */
public final class BidirectionalAttention {
  private static final Scalar MINUS_INFINITY = Ops.keepScalar(Double.NEGATIVE_INFINITY);
  private static final long MIN_QUERIES = 64;

  private final List<UnpaddedTokens.Block> blocks;
  private final Map<Band, Tensor> masks = new HashMap<>();

  /** The queries of a window's part of a text, and the keys that they attend to. */
  private record Band(long query, long queries, long key, long keys, long window) {

    /** Returns whether each query attends to each key. */
    boolean isFull() {
      long last = query + queries - 1;
      return last - key <= window && key + keys - 1 - query <= window;
    }
  }

  public BidirectionalAttention(UnpaddedTokens tokens) {
    blocks = tokens.blocks();
  }

  /**
   * Computes attention.
   *
   * @param q as k and v, {@code [N, H]}, heads side by side
   * @param heads number of heads of D = H / heads
   * @param window the largest distance of a token that is attended to; empty for any
   * @param dropout probability of dropping an attention weight
   * @return {@code [N, H]}
   */
  public Tensor attend(
      Tensor q, Tensor k, Tensor v, int heads, OptionalLong window, double dropout) {
    Tensor[] attended =
        blocks.stream()
            .map(
                block ->
                    attend(
                            block,
                            heads(block.of(q), heads),
                            heads(block.of(k), heads),
                            heads(block.of(v), heads),
                            window,
                            dropout)
                        .transpose(1, 2)
                        .reshape(block.texts() * block.length(), q.size(1)))
            .toArray(Tensor[]::new);
    return attended.length == 1 ? attended[0] : Ops.join(0, attended);
  }

  private static Tensor heads(Tensor texts, int heads) {
    long dim = texts.size(2) / heads;
    return texts.view(texts.size(0), texts.size(1), heads, dim).transpose(1, 2); // [b, heads, t, D]
  }

  private Tensor attend(
      UnpaddedTokens.Block block,
      Tensor q,
      Tensor k,
      Tensor v,
      OptionalLong window,
      double dropout) {
    long length = block.length();
    if (window.isEmpty() || window.getAsLong() >= length - 1) {
      return Ops.attention(q, k, v, null, false, Optional.empty(), dropout);
    }
    List<Tensor> attended = new ArrayList<>();
    long reach = window.getAsLong();
    long step = Math.max(MIN_QUERIES, reach);
    for (long from = 0; from < length; from += step) {
      long queries = Math.min(step, length - from);
      long first = Math.max(0, from - reach);
      long keys = Math.min(length, from + queries + reach) - first;
      attended.add(
          Ops.attention(
              q.narrow(2, from, queries),
              k.narrow(2, first, keys),
              v.narrow(2, first, keys),
              mask(new Band(from, queries, first, keys, reach), q),
              false,
              Optional.empty(),
              dropout));
    }
    return attended.size() == 1 ? attended.get(0) : Ops.join(2, attended.toArray(Tensor[]::new));
  }

  private @Nullable Tensor mask(Band band, Tensor like) {
    return band.isFull() ? null : masks.computeIfAbsent(band, key -> made(key, like));
  }

  /** Returns an additive mask, 0 or −∞, {@code [queries, keys]}. */
  private static Tensor made(Band band, Tensor like) {
    Tensor queries = Ops.range(band.query(), band.query() + band.queries()).unsqueeze(1);
    Tensor keys = Ops.range(band.key(), band.key() + band.keys());
    Tensor far = queries.sub(keys).abs().gt(new Scalar(band.window()));
    Tensor onDevice = far.to(like.device(), far.scalar_type());
    return torch.zeros(Ops.shape(onDevice), like.options()).masked_fill_(onDevice, MINUS_INFINITY);
  }
}
