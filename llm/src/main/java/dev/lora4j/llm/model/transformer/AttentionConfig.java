package dev.lora4j.llm.model.transformer;

/**
 * The sizes and projections of {@link SelfAttention}.
 *
 * @param groups key/value heads; each serves {@code heads / groups} attention heads
 * @param fused whether one layer, {@code qkv_proj}, projects to queries, keys and values
 */
public record AttentionConfig(
    int hiddenSize,
    int heads,
    int groups,
    int headDim,
    boolean biased,
    boolean outputBiased,
    boolean fused,
    QueryKeyNorm queryKeyNorm,
    NormConfig norm) {

  /** Elements of all query heads. */
  int queries() {
    return heads * headDim;
  }

  /** Elements of all key heads, and of all value heads. */
  int keys() {
    return groups * headDim;
  }
}
