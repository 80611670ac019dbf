package dev.lora4j.llm.task.model;

import dev.lora4j.llm.embedding.EmbeddingConfig;
import dev.lora4j.llm.embedding.TokenPooling;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * An encoder with pooling and the frozen layers after it, for embeddings; the mean of all tokens
 * unless the model names another. Vectors are not normalised here, as losses and comparisons do it.
 */
final class PooledEncoder implements TaskNetwork {
  private final Encoder encoder;
  private final EmbeddingConfig config;

  PooledEncoder(Encoder encoder, Optional<EmbeddingConfig> config) {
    this.encoder = encoder;
    this.config = config.orElse(new EmbeddingConfig(TokenPooling.MEAN, false));
  }

  @Override
  public Module module() {
    return encoder;
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    UnpaddedTokens tokens = UnpaddedTokens.of(texts, encoder.device());
    return config.projected(config.pooling().ofTexts(encoder, tokens));
  }

  @Override
  public List<String> headModules() {
    return List.of();
  }

  @Override
  public void resizeHead(int outputs) {}

  @Override
  public int outputs() {
    return config.dimensions(encoder.config().hiddenSize());
  }

  @Override
  public int maxTokens() {
    return encoder.config().maxPositions();
  }

  @Override
  public int vocabularySize() {
    return encoder.config().vocabularySize();
  }

  @Override
  public void close() {
    encoder.close();
  }
}
