package dev.lora4j.llm.task.model;

import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A decoder as a classifier, as transformers' {@code LlamaForSequenceClassification}: the head
 * {@code score}, without a bias, on the last token of each text.
 */
final class ClassifyingDecoder implements TaskNetwork {
  private static final String HEAD = "score";

  private final Pretrained base;
  private final LanguageModel model;
  private final Linear score;

  /** Adds a head of zeros to a model, which this network closes. */
  ClassifyingDecoder(Pretrained base, int labels) {
    this.base = base;
    model = base.model();
    score = Linear.withoutBias(model.config().hiddenSize(), labels);
    model.graft(HEAD, score);
    score.freeze();
    Heads.zero(score);
  }

  @Override
  public Module module() {
    return model;
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    return score.forward(DecoderRows.last(model, texts));
  }

  @Override
  public List<String> headModules() {
    return List.of(HEAD);
  }

  @Override
  public void resizeHead(int outputs) {
    if (outputs != outputs()) {
      Heads.resize(score, outputs);
    }
  }

  @Override
  public int outputs() {
    return Math.toIntExact(score.weight().shape()[0]);
  }

  @Override
  public List<String> storage() {
    return base.storage();
  }

  @Override
  public int maxTokens() {
    return model.maxPositions();
  }

  @Override
  public int vocabularySize() {
    return model.vocabularySize();
  }

  @Override
  public void close() {
    base.close();
  }
}
