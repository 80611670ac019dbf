package dev.lora4j.llm.model.transformer;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerActivations;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.RopeScaling;
import java.util.List;
import java.util.OptionalLong;

/**
 * The sizes and architecture options that transformers of all families share.
 *
 * @param groups key/value heads; each serves {@code heads / groups} attention heads
 * @param ropeTheta base of the rotary frequencies
 * @param windows the sliding window of each layer, in tokens, a token itself included, or empty
 * @param queryKeyNorm whether each query and key head is normalised (Qwen3)
 * @param tiedHead whether the output projection shares the embedding's weight
 */
public record TransformerConfig(
    String modelType,
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int groups,
    int headDim,
    int maxPositions,
    double normEpsilon,
    double ropeTheta,
    RopeScaling ropeScaling,
    List<OptionalLong> windows,
    boolean queryKeyNorm,
    Biases biases,
    boolean tiedHead,
    double attentionDropout)
    implements LanguageModelConfig {

  /** The linear layers that have a bias. */
  public record Biases(boolean queryKeyValue, boolean output, boolean feedForward) {}

  public TransformerConfig {
    windows = List.copyOf(windows);
    if (heads % groups != 0) {
      throw new UserError(
          "num_key_value_heads = %d must divide num_attention_heads = %d".formatted(groups, heads));
    }
    if (headDim < 1 || headDim % 2 != 0) {
      throw new UserError("head_dim must be even and positive, found " + headDim);
    }
    if (windows.size() != layers) {
      throw new UserError(
          "layer_types: expected one for each of %d layers, found %d"
              .formatted(layers, windows.size()));
    }
  }

  /**
   * Each norm keeps its normalised input; attention its queries, keys, values and outputs; SwiGLU
   * both of its inputs. All else is recomputed from these.
   */
  @Override
  public LayerActivations activations() {
    long queries = (long) heads * headDim;
    long keysAndValues = 2L * groups * headDim;
    long kept = 2L * hiddenSize + 2 * queries + keysAndValues + 2L * intermediateSize;
    long passing = 3L * intermediateSize + 4L * hiddenSize;
    return new LayerActivations(kept, passing, attentionDropout > 0 ? 3L * heads : 0);
  }

  @Override
  public OptionalLong cacheLimit() {
    return ropeScaling instanceof RopeScaling.LongRope longRope
        ? OptionalLong.of(longRope.originalPositions())
        : OptionalLong.empty();
  }

  /**
   * Reads the {@code config.json} of a {@linkplain TransformerFamily transformer}, old or new.
   *
   * @throws UserError naming a model type or a setting that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
  public static TransformerConfig of(JsonDocument fields) {
    if (ModelFamily.of(fields) instanceof TransformerFamily family) {
      return family.config(fields);
    }
    throw new UserError(fields.path("model_type") + " is not a transformer's");
  }
}
