package dev.lora4j.llm.encoder;

import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
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
  static final Scalar MINUS_INFINITY = Ops.keepScalar(Double.NEGATIVE_INFINITY);
  private static final long MIN_QUERIES = 64;

  private final UnpaddedTokens tokens;
  private final Map<Band, Tensor> masks = new HashMap<>();
  private List<TextPack> packs = List.of(); // of all texts, once they are needed

  /** The queries of a window's part of a text, and the keys that they attend to. */
  private record Band(long query, long queries, long key, long keys, long window) {

    /** Returns whether each query attends to each key. */
    boolean isFull() {
      long last = query + queries - 1;
      return last - key <= window && key + keys - 1 - query <= window;
    }
  }

  public BidirectionalAttention(UnpaddedTokens tokens) {
    this.tokens = tokens;
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
    Tensor queries = tokens.byLength(q);
    Tensor keys = tokens.byLength(k);
    Tensor values = tokens.byLength(v);
    if (isPacked(q, dropout) && window.isEmpty()) {
      return tokens.fromLengths(
          joined(
              packs(),
              pack ->
                  attention(
                      pack.of(queries),
                      pack.of(keys),
                      pack.of(values),
                      heads,
                      pack.mask(),
                      dropout)));
    }
    return tokens.fromLengths(
        joined(
            tokens.blocks(),
            block ->
                attend(
                    block,
                    heads(block.of(queries), heads),
                    heads(block.of(keys), heads),
                    heads(block.of(values), heads),
                    window,
                    dropout)));
  }

  /** Returns whether packs are faster: otherwise libtorch has one operator for each block. */
  private static boolean isPacked(Tensor q, double dropout) {
    return dropout > 0 && q.is_cpu();
  }

  private List<TextPack> packs() {
    if (packs.isEmpty()) {
      packs = TextPack.of(tokens.blocks());
    }
    return packs;
  }

  /**
   * Computes attention of each text's first token alone, to all tokens of its text.
   *
   * @param q {@code [B, H]}, a row for each text, in the order of the tokens
   * @param k as v, {@code [N, H]}
   * @return {@code [B, H]}, in the same order
   */
  public Tensor attendFirst(Tensor q, Tensor k, Tensor v, int heads, double dropout) {
    Tensor queries = tokens.textsByLength(q);
    Tensor keys = tokens.byLength(k);
    Tensor values = tokens.byLength(v);
    if (isPacked(q, dropout)) {
      return tokens.textsFromLengths(
          joined(
              packs(),
              pack ->
                  attention(
                      pack.ofTexts(queries),
                      pack.of(keys),
                      pack.of(values),
                      heads,
                      pack.maskOfFirst(),
                      dropout)));
    }
    return tokens.textsFromLengths(
        joined(
            tokens.blocks(),
            block ->
                attention(
                    block.ofTexts(queries),
                    block.of(keys),
                    block.of(values),
                    heads,
                    null,
                    dropout)));
  }

  /** Attention of a batch of texts {@code [b, t, H]}; the mask is for all of them. */
  private static Tensor attention(
      Tensor q, Tensor k, Tensor v, int heads, @Nullable Tensor mask, double dropout) {
    return Ops.attention(
        heads(q, heads), heads(k, heads), heads(v, heads), mask, false, Optional.empty(), dropout);
  }

  /** Joins the results of parts, from {@code [texts, heads, t, D]} each to {@code [rows, H]}. */
  private static <P> Tensor joined(List<P> parts, Function<P, Tensor> attention) {
    Tensor[] attended =
        parts.stream()
            .map(part -> attention.apply(part).transpose(1, 2).flatten(0, 1).flatten(1, 2))
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
