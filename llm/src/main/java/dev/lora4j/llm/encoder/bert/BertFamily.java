package dev.lora4j.llm.encoder.bert;

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

/** BERT. */
public final class BertFamily implements EncoderFamily {
  private static final Pattern OTHERS = Pattern.compile("cls\\..*|.*embeddings\\.position_ids");

  /** The sizes of BERT and RoBERTa. */
  static final ConfigSizes SIZES =
      new ConfigSizes(
          "num_hidden_layers",
          "encoder.layer.",
          List.of(
              new Dimension("embeddings.word_embeddings.weight", 0, "vocab_size"),
              new Dimension("embeddings.word_embeddings.weight", 1, "hidden_size"),
              new Dimension("embeddings.position_embeddings.weight", 0, "max_position_embeddings"),
              new Dimension("embeddings.token_type_embeddings.weight", 0, "type_vocab_size"),
              new Dimension("encoder.layer.0.intermediate.dense.weight", 0, "intermediate_size")));

  static final List<String> TARGETS = List.of("query", "value");

  @Override
  public String modelType() {
    return "bert";
  }

  @Override
  public String className() {
    return "Bert";
  }

  @Override
  public String prefix() {
    return "bert";
  }

  @Override
  public Encoder create(JsonDocument fields, Pooler pooler) {
    return new Bert(BertConfig.bert(fields), pooler);
  }

  @Override
  public EncoderWithHead create(JsonDocument fields, HeadType head, int labels) {
    BertConfig config = BertConfig.bert(fields);
    return switch (head) {
      case SEQUENCE_CLASSIFICATION ->
          new BertSequenceClassifier(new Bert(config, Pooler.PRESENT), config, labels);
      case TOKEN_CLASSIFICATION ->
          new TokenClassifierHead(
              prefix(), new Bert(config, Pooler.ABSENT), labels, config.classifierDropout());
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

  @Override
  public List<String> defaultTargets() {
    return TARGETS;
  }
}
