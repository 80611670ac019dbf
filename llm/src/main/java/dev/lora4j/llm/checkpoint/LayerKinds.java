package dev.lora4j.llm.checkpoint;

import dev.lora4j.io.TensorForm;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Classifies layers by the shapes and names of their tensors: a two-dimensional weight is a linear
 * layer unless it is named like an embedding; three to five dimensions are a convolution.
 *
 * <p>A weight is transposed if the config names such a model, or if GPT-2's names come with a bias
 * of the weight's second dimension.
 *
 * @param transposed whether layers with GPT-2's names store their weight as {@code [in, out]}
 */
public record LayerKinds(boolean transposed) {
  private static final Set<String> GPT2_LAYERS = Set.of("c_attn", "c_proj", "c_fc", "q_attn");
  private static final String EMBEDDING = ".*embed.*|wte|wpe|shared|tokens_embed|positions_embed";
  // Linear layers with names like embeddings: heads and projections.
  private static final String NO_EMBEDDING = "embed_out|.*proj.*|.*linear.*";

  private static final String WEIGHT = ".weight";

  enum Kind {
    LINEAR,
    TRANSPOSED_LINEAR,
    EMBEDDING,
    CONVOLUTION,
    UNKNOWN
  }

  /** Determines from the tensors of each module whether GPT-2's layers are transposed. */
  static LayerKinds of(Optional<ModelConfig> config, Map<String, Map<String, TensorForm>> groups) {
    boolean byConfig = config.map(ModelConfig::usesTransposedLinear).orElse(false);
    boolean unnamed = config.map(c -> c.modelType().isEmpty()).orElse(true);
    return new LayerKinds(
        byConfig
            || (unnamed
                && groups.entrySet().stream()
                    .anyMatch(g -> isGpt2(g.getKey()) && isShownTransposed(g.getValue()))));
  }

  private static boolean isShownTransposed(Map<String, TensorForm> tensors) {
    TensorForm weight = tensors.get("weight");
    TensorForm bias = tensors.get("bias");
    return weight != null
        && bias != null
        && weight.shape().size() == 2
        && bias.shape().equals(weight.shape().subList(1, 2))
        && !bias.shape().equals(weight.shape().subList(0, 1));
  }

  /** Returns whether a network has the weight of a name as {@code [in, out]}. */
  static Predicate<String> transposedWeights(Optional<ModelConfig> config) {
    boolean byConfig = config.map(ModelConfig::usesTransposedLinear).orElse(false);
    return name ->
        byConfig
            && name.endsWith(WEIGHT)
            && isGpt2(name.substring(0, name.length() - WEIGHT.length()));
  }

  /** Returns the kind of the layer at a path. */
  Kind of(String path, Map<String, TensorForm> tensors) {
    TensorForm weight = tensors.get("weight");
    if (weight == null || !Set.of("weight", "bias").containsAll(tensors.keySet())) {
      return Kind.UNKNOWN;
    }
    int dimensions = weight.shape().size();
    if (dimensions == 2) {
      return ofMatrix(path, weight, tensors.get("bias") == null ? -1 : biasSize(tensors));
    }
    boolean fits = !tensors.containsKey("bias") || biasSize(tensors) == weight.shape().get(0);
    return dimensions >= 3 && dimensions <= 5 && fits ? Kind.CONVOLUTION : Kind.UNKNOWN;
  }

  private Kind ofMatrix(String path, TensorForm weight, long bias) {
    if (bias < 0 && isEmbedding(path)) {
      return Kind.EMBEDDING;
    }
    if (transposed && isGpt2(path)) {
      return bias == weight.shape().get(1) ? Kind.TRANSPOSED_LINEAR : Kind.UNKNOWN;
    }
    return bias < 0 || bias == weight.shape().get(0) ? Kind.LINEAR : Kind.UNKNOWN;
  }

  /** Returns the length of the bias; 0 if it is no vector. */
  private static long biasSize(Map<String, TensorForm> tensors) {
    TensorForm bias = tensors.get("bias");
    return bias != null && bias.shape().size() == 1 ? bias.shape().get(0) : 0;
  }

  public static boolean isEmbedding(String path) {
    String name = lastName(path);
    return name.matches(EMBEDDING) && !name.matches(NO_EMBEDDING);
  }

  private static boolean isGpt2(String path) {
    return GPT2_LAYERS.contains(lastName(path));
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}
