package dev.lora4j.llm.encoder.modernbert;

import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Slot;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** ModernBERT's classification of texts or tokens: {@code classifier(norm(act(dense(x))))}. */
final class ModernBertClassifier extends EncoderWithHead {
  private final HeadType type;
  private final boolean meanPooling;
  private final Slot head;
  private final Slot dropout;
  private final Slot classifier;

  ModernBertClassifier(ModernBertConfig config, HeadType type, int labels) {
    super("model", new ModernBert(config), labels);
    this.type = type;
    meanPooling = config.classifier().meanPooling();
    head = child("head", new PredictionHead(config));
    dropout = child("drop", new Dropout(config.classifier().dropout()));
    classifier = child("classifier", new Linear(config.hiddenSize(), labels));
  }

  @Override
  public HeadType type() {
    return type;
  }

  @Override
  public List<String> headModules() {
    return List.of("classifier", "head");
  }

  @Override
  public Tensor features(UnpaddedTokens tokens) {
    return type == HeadType.SEQUENCE_CLASSIFICATION && meanPooling
        ? tokens.pooled(encoder().hidden(tokens), texts -> texts.mean(1)) // [B, H]
        : super.features(tokens);
  }

  @Override
  public Tensor head(Tensor features) {
    return classifier.forward(dropout.forward(head.forward(features)));
  }

  /** {@code norm(act(dense(x)))}. */
  private static final class PredictionHead extends Module {
    private final Slot dense;
    private final Slot activation;
    private final Slot norm;

    PredictionHead(ModernBertConfig c) {
      long hidden = c.hiddenSize();
      dense =
          child(
              "dense",
              c.classifier().bias()
                  ? new Linear(hidden, hidden)
                  : Linear.withoutBias(hidden, hidden));
      activation = child("act", EncoderActivation.create(c.classifier().activation()));
      norm = child("norm", ModernBert.norm(c));
    }

    @Override
    public Tensor forward(Tensor x) {
      return norm.forward(activation.forward(dense.forward(x)));
    }
  }
}
