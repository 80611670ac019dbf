package dev.lora4j.models;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The sizes and choices that make a {@link Gpt2}.
 *
 * @param vocabularySize number of tokens
 * @param hiddenSize width of the stream between the layers
 * @param intermediateSize width inside the feed-forward
 * @param layers number of layers
 * @param heads attention heads
 * @param maxPositions the longest text, in tokens; there is a learned vector for each place
 * @param normEpsilon LayerNorm's ε
 * @param activation between the feed-forward's two layers
 * @param tiedHead whether the head's weight is the embedding's
 * @param embeddingDropout probability, in training
 * @param residualDropout probability, in training
 * @param attentionDropout probability, in training
 */
public record Gpt2Config(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int maxPositions,
    double normEpsilon,
    String activation,
    boolean tiedHead,
    double embeddingDropout,
    double residualDropout,
    double attentionDropout) {

  /** The {@code model_type} that is this architecture. */
  public static final String FAMILY = "gpt2";

  /** The activations that the config may name. */
  static final List<String> ACTIVATIONS =
      List.of("gelu_new", "gelu_pytorch_tanh", "gelu", "relu", "silu", "tanh");

  private static final Map<String, Object> NEUTRAL =
      Map.of(
          "add_cross_attention", false,
          "quantization_config", "absent",
          "scale_attn_by_inverse_layer_idx", false);

  public Gpt2Config {
    if (hiddenSize % heads != 0) {
      throw new UserError("n_head = %d must divide n_embd = %d".formatted(heads, hiddenSize));
    }
    if (!ACTIVATIONS.contains(activation)) {
      throw new UserError(
          "activation_function: no '" + activation + "'" + NearMiss.hint(activation, ACTIVATIONS));
    }
  }

  /**
   * Reads a {@code config.json} of Hugging Face's.
   *
   * @throws UserError for a choice that is not supported, by name
   * @throws dev.lora4j.CorruptFile where a field is missing or of another kind
   */
  public static Gpt2Config read(Path configJson) {
    return of(JsonDocument.read(configJson));
  }

  /** The same from fields that were read before. */
  public static Gpt2Config of(JsonDocument fields) {
    fields.refuseUnless(NEUTRAL);
    if (!fields.flag("scale_attn_weights", true)) {
      throw new UserError(
          fields.path("scale_attn_weights")
              + " = false is not supported, and it would change the result");
    }
    int hidden = fields.size("n_embd");
    return new Gpt2Config(
        fields.size("vocab_size"),
        hidden,
        fields.size("n_inner", 4 * hidden),
        fields.size("n_layer"),
        fields.size("n_head"),
        fields.size("n_positions", 1024),
        fields.number("layer_norm_epsilon", 1e-5),
        fields.text("activation_function", "gelu_new"),
        fields.flag("tie_word_embeddings", true),
        fields.number("embd_pdrop", 0.1),
        fields.number("resid_pdrop", 0.1),
        fields.number("attn_pdrop", 0.1));
  }
}
