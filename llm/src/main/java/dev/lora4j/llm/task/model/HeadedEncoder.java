package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.EncoderConfig;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** An encoder below a classification head for texts or for tokens. */
final class HeadedEncoder implements TaskNetwork {
  private final EncoderWithHead model;
  private final List<String> headModules;

  /**
   * @param headModules the head's modules, and others that the checkpoint lacks
   */
  HeadedEncoder(EncoderWithHead model, List<String> headModules) {
    this.model = model;
    this.headModules = List.copyOf(headModules);
  }

  @Override
  public Module module() {
    return model;
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    return model.logits(tokens(texts));
  }

  /** Texts are grouped by length, unless the order of their tokens matters. */
  private UnpaddedTokens tokens(List<TokenSequence> texts) {
    return isPerToken()
        ? UnpaddedTokens.inOrder(texts, model.device())
        : UnpaddedTokens.of(texts, model.device());
  }

  @Override
  public Optional<Tensor> hidden(List<TokenSequence> texts) {
    return Optional.of(model.encoder().hidden(UnpaddedTokens.inOrder(texts, model.device())));
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts, Tensor hidden) {
    return model.logits(UnpaddedTokens.inOrder(texts, model.device()), hidden);
  }

  @Override
  public boolean isPerToken() {
    return model.type() == HeadType.TOKEN_CLASSIFICATION;
  }

  @Override
  public List<String> headModules() {
    return headModules;
  }

  @Override
  public void resizeHead(int outputs) {
    Heads.resize(lastLayer(), outputs);
  }

  private Linear lastLayer() {
    return Heads.last(model.find(model.headPath().orElseThrow()));
  }

  @Override
  public int outputs() {
    return Math.toIntExact(lastLayer().weight().shape()[0]);
  }

  private EncoderConfig config() {
    return model.encoder().config();
  }

  @Override
  public int maxTokens() {
    return config().maxPositions();
  }

  @Override
  public int vocabularySize() {
    return config().vocabularySize();
  }

  @Override
  public void close() {
    model.close();
  }
}
