package dev.lora4j.llm.encoder.distilbert;

import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Slot;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** DistilBERT's classification: {@code classifier(relu(pre_classifier(first token)))}. */
final class DistilBertSequenceClassifier extends EncoderWithHead {
  private final Slot preClassifier;
  private final Slot classifier;
  private final Slot dropout;

  DistilBertSequenceClassifier(DistilBert encoder, DistilBertConfig config, int labels) {
    super("distilbert", encoder, labels);
    preClassifier = child("pre_classifier", new Linear(config.hiddenSize(), config.hiddenSize()));
    classifier = child("classifier", new Linear(config.hiddenSize(), labels));
    dropout = child("dropout", new Dropout(config.classifierDropout()));
  }

  @Override
  public HeadType type() {
    return HeadType.SEQUENCE_CLASSIFICATION;
  }

  @Override
  public List<String> headModules() {
    return List.of("classifier", "pre_classifier");
  }

  @Override
  public Tensor head(Tensor features) {
    Tensor inner = torch.relu(preClassifier.forward(features)); // [B, H]
    return classifier.forward(dropout.forward(inner)); // [B, labels]
  }
}
