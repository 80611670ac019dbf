package dev.lora4j.llm.encoder.bert;

import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Slot;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** BERT's classification of texts: {@code classifier(pooler(first token))}. */
final class BertSequenceClassifier extends EncoderWithHead {
  private final Slot dropout;
  private final Slot classifier;

  /**
   * @param bert with its pooler
   */
  BertSequenceClassifier(Bert bert, BertConfig config, int labels) {
    super("bert", bert, labels);
    dropout = child("dropout", new Dropout(config.classifierDropout()));
    classifier = child("classifier", new Linear(config.hiddenSize(), labels));
  }

  @Override
  public HeadType type() {
    return HeadType.SEQUENCE_CLASSIFICATION;
  }

  @Override
  public List<String> headModules() {
    return List.of("classifier", "bert.pooler");
  }

  @Override
  public Tensor head(Tensor features) {
    Tensor pooled = encoder().pooled(features).orElseThrow(); // [B, H]
    return classifier.forward(dropout.forward(pooled)); // [B, labels]
  }
}
