package dev.lora4j.llm.encoder.bert;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderConfig;
import dev.lora4j.llm.model.LayerCount;
import java.util.Map;

/**
 * The sizes and architecture options of a {@link Bert} model.
 *
 * @param positionRows rows of the position embeddings
 * @param positionsAfterPadding whether position ids count from {@code padId + 1}, as in RoBERTa,
 *     instead of 0
 */
public record BertConfig(
    String modelType,
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int positionRows,
    boolean positionsAfterPadding,
    int tokenTypes,
    int padId,
    double normEpsilon,
    String activation,
    double hiddenDropout,
    double attentionDropout,
    double classifierDropout)
    implements EncoderConfig {

  private static final Map<String, Object> NEUTRAL =
      Map.of(
          "add_cross_attention", false,
          "is_decoder", false,
          "position_embedding_type", "absolute",
          "pruned_heads", "absent",
          "quantization_config", "absent");

  public BertConfig {
    if (hiddenSize % heads != 0) {
      throw new UserError(
          "num_attention_heads = %d must divide hidden_size = %d".formatted(heads, hiddenSize));
    }
    if (positionsAfterPadding && positionRows <= padId + 1) {
      throw new UserError(
          "max_position_embeddings = %d leaves no position after pad_token_id = %d"
              .formatted(positionRows, padId));
    }
  }

  @Override
  public int maxPositions() {
    return positionsAfterPadding ? positionRows - padId - 1 : positionRows;
  }

  /** Reads BERT's {@code config.json}; see {@link #read}. */
  static BertConfig bert(JsonDocument fields) {
    return read(fields, "bert", false, 0);
  }

  /** Reads RoBERTa's {@code config.json}; see {@link #read}. */
  static BertConfig roberta(JsonDocument fields, String modelType) {
    return read(fields, modelType, true, 1);
  }

  /**
   * Reads a Hugging Face {@code config.json}.
   *
   * @throws UserError naming a setting that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
  private static BertConfig read(
      JsonDocument fields, String modelType, boolean positionsAfterPadding, int padId) {
    fields.refuseUnless(NEUTRAL);
    double dropout = fields.number("hidden_dropout_prob", 0.1);
    return new BertConfig(
        modelType,
        fields.size("vocab_size"),
        fields.size("hidden_size"),
        fields.size("intermediate_size"),
        LayerCount.of(fields, "num_hidden_layers"),
        fields.size("num_attention_heads"),
        fields.size("max_position_embeddings", 512),
        positionsAfterPadding,
        fields.size("type_vocab_size", 2),
        (int) fields.number("pad_token_id", padId),
        fields.positive("layer_norm_eps", 1e-12),
        EncoderActivation.name(fields, "hidden_act"),
        dropout,
        fields.number("attention_probs_dropout_prob", 0.1),
        fields.number("classifier_dropout", dropout));
  }
}
