package dev.lora4j.llm.model.gpt2;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerActivations;
import dev.lora4j.llm.model.LayerCount;
import java.util.List;
import java.util.Map;

/** The sizes and architecture options of a {@link Gpt2} model. */
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
    double attentionDropout)
    implements LanguageModelConfig {

  @Override
  public int groups() {
    return heads;
  }

  @Override
  public int headDim() {
    return hiddenSize / heads;
  }

  /**
   * Each norm keeps its input and its output; attention its queries (also scaled), keys, values and
   * outputs; the activation its input and its output; dropout its masks.
   */
  @Override
  public LayerActivations activations() {
    long masks = (residualDropout > 0 ? 2L : 0) * hiddenSize;
    long kept = 10L * hiddenSize + 2L * intermediateSize + masks;
    long passing = 2L * intermediateSize + 4L * hiddenSize;
    return new LayerActivations(kept, passing, attentionDropout > 0 ? 3L * heads : 0);
  }

  /** Hugging Face's {@code model_type}. */
  public static final String MODEL_TYPE = "gpt2";

  /** The activations that {@code activation_function} may name. */
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

  @Override
  public String modelType() {
    return MODEL_TYPE;
  }

  /**
   * Reads a Hugging Face {@code config.json}.
   *
   * @throws UserError naming a setting that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
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
        LayerCount.of(fields, "n_layer"),
        fields.size("n_head"),
        fields.size("n_positions", 1024),
        fields.positive("layer_norm_epsilon", 1e-5),
        fields.text("activation_function", "gelu_new"),
        fields.flag("tie_word_embeddings", true),
        fields.number("embd_pdrop", 0.1),
        fields.number("resid_pdrop", 0.1),
        fields.number("attn_pdrop", 0.1));
  }
}
