package dev.lora4j.llm.encoder.bert;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderFamily;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.encoder.TokenClassifierHead;
import dev.lora4j.llm.model.ConfigSizes;
import java.util.List;
import java.util.regex.Pattern;

/** RoBERTa. */
public class RobertaFamily implements EncoderFamily {
  private static final Pattern OTHERS = Pattern.compile("lm_head\\..*|.*embeddings\\.position_ids");

  @Override
  public String modelType() {
    return "roberta";
  }

  @Override
  public String className() {
    return "Roberta";
  }

  @Override
  public final String prefix() {
    return "roberta";
  }

  @Override
  public final Encoder create(JsonDocument fields, Pooler pooler) {
    return new Bert(config(fields), pooler);
  }

  @Override
  public final EncoderWithHead create(JsonDocument fields, HeadType head, int labels) {
    BertConfig config = config(fields);
    Bert encoder = new Bert(config, Pooler.ABSENT);
    return switch (head) {
      case SEQUENCE_CLASSIFICATION -> new RobertaSequenceClassifier(encoder, config, labels);
      case TOKEN_CLASSIFICATION ->
          new TokenClassifierHead(prefix(), encoder, labels, config.classifierDropout());
    };
  }

  private BertConfig config(JsonDocument fields) {
    return BertConfig.roberta(fields, modelType());
  }

  @Override
  public final ConfigSizes sizes() {
    return BertFamily.SIZES;
  }

  @Override
  public final Pattern ignoredTensors() {
    return OTHERS;
  }

  @Override
  public final List<String> defaultTargets() {
    return BertFamily.TARGETS;
  }
}
