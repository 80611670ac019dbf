package dev.lora4j.llm.encoder.bert;

import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Slot;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** RoBERTa's classification of texts, by a network of two layers over the first token. */
final class RobertaSequenceClassifier extends EncoderWithHead {
  private final Slot classifier;

  RobertaSequenceClassifier(Bert roberta, BertConfig config, int labels) {
    super("roberta", roberta, labels);
    classifier = child("classifier", new Head(config, labels));
  }

  @Override
  public HeadType type() {
    return HeadType.SEQUENCE_CLASSIFICATION;
  }

  @Override
  public List<String> headModules() {
    return List.of("classifier");
  }

  @Override
  public Tensor head(Tensor features) {
    return classifier.forward(features); // [B, labels]
  }

  /** {@code out_proj(tanh(dense(x)))}. */
  private static final class Head extends Module {
    private final Slot dense;
    private final Slot dropout;
    private final Slot out;

    Head(BertConfig c, int labels) {
      dense = child("dense", new Linear(c.hiddenSize(), c.hiddenSize()));
      dropout = child("dropout", new Dropout(c.classifierDropout()));
      out = child("out_proj", new Linear(c.hiddenSize(), labels));
    }

    @Override
    public Tensor forward(Tensor first) {
      Tensor inner = torch.tanh(dense.forward(dropout.forward(first)));
      return out.forward(dropout.forward(inner));
    }
  }
}
