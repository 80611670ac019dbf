package dev.lora4j.llm.encoder.distilbert;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderFamily;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.encoder.TokenClassifierHead;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.ConfigSizes.Dimension;
import java.util.List;
import java.util.regex.Pattern;

/** DistilBERT. */
public final class DistilBertFamily implements EncoderFamily {
  private static final Pattern OTHERS =
      Pattern.compile("vocab_(transform|layer_norm|projector)\\..*|.*embeddings\\.position_ids");

  private static final ConfigSizes SIZES =
      new ConfigSizes(
          "n_layers",
          "transformer.layer.",
          List.of(
              new Dimension("embeddings.word_embeddings.weight", 0, "vocab_size"),
              new Dimension("embeddings.word_embeddings.weight", 1, "dim"),
              new Dimension("embeddings.position_embeddings.weight", 0, "max_position_embeddings"),
              new Dimension("transformer.layer.0.ffn.lin1.weight", 0, "hidden_dim")));

  @Override
  public String modelType() {
    return DistilBertConfig.MODEL_TYPE;
  }

  @Override
  public String className() {
    return "DistilBert";
  }

  @Override
  public String prefix() {
    return "distilbert";
  }

  @Override
  public Encoder create(JsonDocument fields, Pooler pooler) {
    return new DistilBert(DistilBertConfig.of(fields));
  }

  @Override
  public EncoderWithHead create(JsonDocument fields, HeadType head, int labels) {
    DistilBertConfig config = DistilBertConfig.of(fields);
    DistilBert encoder = new DistilBert(config);
    return switch (head) {
      case SEQUENCE_CLASSIFICATION -> new DistilBertSequenceClassifier(encoder, config, labels);
      case TOKEN_CLASSIFICATION ->
          new TokenClassifierHead(prefix(), encoder, labels, config.dropout());
    };
  }

  @Override
  public ConfigSizes sizes() {
    return SIZES;
  }

  @Override
  public Pattern ignoredTensors() {
    return OTHERS;
  }

  /** PEFT has none; these are its choice for BERT under DistilBERT's names. */
  @Override
  public List<String> defaultTargets() {
    return List.of("q_lin", "v_lin");
  }
}
