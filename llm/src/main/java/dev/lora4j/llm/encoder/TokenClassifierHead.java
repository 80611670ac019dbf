package dev.lora4j.llm.encoder;

import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Slot;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A linear layer over each token's hidden state: the token classification of most families. */
public final class TokenClassifierHead extends EncoderWithHead {
  private final Slot dropout;
  private final Slot classifier;

  /**
   * @param dropout probability of dropping an element of the hidden states in training
   */
  public TokenClassifierHead(String prefix, Encoder encoder, int labels, double dropout) {
    super(prefix, encoder, labels);
    this.dropout = child("dropout", new Dropout(dropout));
    classifier = child("classifier", new Linear(encoder.config().hiddenSize(), labels));
  }

  @Override
  public HeadType type() {
    return HeadType.TOKEN_CLASSIFICATION;
  }

  @Override
  public List<String> headModules() {
    return List.of("classifier");
  }

  @Override
  public Tensor head(Tensor features) {
    return classifier.forward(dropout.forward(features)); // [N, labels]
  }
}
