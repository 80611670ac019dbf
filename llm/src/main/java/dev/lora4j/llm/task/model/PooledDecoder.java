package dev.lora4j.llm.task.model;

import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.embedding.EmbeddingConfig;
import dev.lora4j.llm.embedding.TokenPooling;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A decoder as an embedder: the final hidden state of each text's last token. */
final class PooledDecoder implements TaskNetwork {
  private final Pretrained base;
  private final LanguageModel model;
  private final EmbeddingConfig config;

  /**
   * @throws UserError if the model names another pooling
   */
  PooledDecoder(Pretrained base, Optional<EmbeddingConfig> config) {
    this.base = base;
    model = base.model();
    this.config = config.orElse(new EmbeddingConfig(TokenPooling.LAST_TOKEN, false));
    config
        .map(EmbeddingConfig::pooling)
        .filter(pooling -> pooling != TokenPooling.LAST_TOKEN)
        .ifPresent(
            other -> {
              base.close();
              throw new UserError(
                  "training embeddings of a decoder needs pooling by the last token, found "
                      + other);
            });
  }

  @Override
  public Module module() {
    return model;
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    return config.projected(DecoderRows.last(model, texts));
  }

  @Override
  public List<String> headModules() {
    return List.of();
  }

  @Override
  public void resizeHead(int outputs) {}

  @Override
  public int outputs() {
    return config.dimensions(model.config().hiddenSize());
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
