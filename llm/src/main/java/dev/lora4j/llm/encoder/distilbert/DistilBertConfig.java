package dev.lora4j.llm.encoder.distilbert;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderConfig;
import dev.lora4j.llm.model.LayerCount;
import java.util.Map;

/** The sizes and architecture options of a {@link DistilBert} model. */
public record DistilBertConfig(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int maxPositions,
    int padId,
    String activation,
    double dropout,
    double attentionDropout,
    double classifierDropout)
    implements EncoderConfig {

  /** Hugging Face's {@code model_type}. */
  static final String MODEL_TYPE = "distilbert";

  private static final Map<String, Object> NEUTRAL =
      Map.of("pruned_heads", "absent", "quantization_config", "absent");

  public DistilBertConfig {
    if (hiddenSize % heads != 0) {
      throw new UserError("n_heads = %d must divide dim = %d".formatted(heads, hiddenSize));
    }
  }

  @Override
  public String modelType() {
    return MODEL_TYPE;
  }

  @Override
  public int tokenTypes() {
    return 0;
  }

  /**
   * Reads a Hugging Face {@code config.json}.
   *
   * @throws UserError naming a setting that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
  public static DistilBertConfig of(JsonDocument fields) {
    fields.refuseUnless(NEUTRAL);
    return new DistilBertConfig(
        fields.size("vocab_size"),
        fields.size("dim"),
        fields.size("hidden_dim"),
        LayerCount.of(fields, "n_layers"),
        fields.size("n_heads"),
        fields.size("max_position_embeddings", 512),
        (int) fields.number("pad_token_id", 0),
        EncoderActivation.name(fields, "activation"),
        fields.number("dropout", 0.1),
        fields.number("attention_dropout", 0.1),
        fields.number("seq_classif_dropout", 0.2));
  }
}
