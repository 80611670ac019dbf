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
 * An encoder with pooling, for embeddings; the mean of all tokens unless the model names another.
 * Vectors are not normalised here, as losses and comparisons do it.
 */
final class PooledEncoder implements TaskNetwork {
  private final Encoder encoder;
  private final TokenPooling pooling;

  PooledEncoder(Encoder encoder, Optional<EmbeddingConfig> config) {
    this.encoder = encoder;
    pooling = config.map(EmbeddingConfig::pooling).orElse(TokenPooling.MEAN);
  }

  @Override
  public Module module() {
    return encoder;
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    return pooling.ofTexts(encoder, UnpaddedTokens.of(texts, encoder.device()));
  }

  @Override
  public List<String> headModules() {
    return List.of();
  }

  @Override
  public void resizeHead(int outputs) {}

  @Override
  public int outputs() {
    return encoder.config().hiddenSize();
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
