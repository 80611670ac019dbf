package dev.lora4j.llm.encoder;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * An encoder: token ids to hidden states, each of which depends on the whole text. Module names are
 * those of Hugging Face's model without a head, such as {@code BertModel}. Threads may share an
 * encoder that is not being changed.
 */
public abstract class Encoder extends Module {
  private final EncoderConfig config;

  protected Encoder(EncoderConfig config) {
    this.config = config;
  }

  public final EncoderConfig config() {
    return config;
  }

  /**
   * Computes the final hidden states.
   *
   * @return {@code [B, T, H]}, zeros for padding
   * @throws UserError if a text is longer than {@link EncoderConfig#maxPositions}, or a token is
   *     beyond the vocabulary
   */
  public final Tensor hidden(EncoderInput input) {
    UnpaddedTokens tokens = UnpaddedTokens.of(input);
    return tokens.padded(hidden(tokens));
  }

  /**
   * Computes the final hidden states of a batch without padding.
   *
   * @return {@code [N, H]}
   * @throws UserError if a text is longer than {@link EncoderConfig#maxPositions}
   */
  public final Tensor hidden(UnpaddedTokens tokens) {
    check(tokens);
    return encode(tokens);
  }

  /**
   * Computes the final hidden state of each text's first token, in less time than those of all
   * tokens if the encoder can leave out a part of its last layer.
   *
   * @return {@code [B, H]}
   * @throws UserError if a text is longer than {@link EncoderConfig#maxPositions}
   */
  public final Tensor firstHidden(UnpaddedTokens tokens) {
    check(tokens);
    return tokens.inBatch(encodeFirst(tokens));
  }

  private void check(UnpaddedTokens tokens) {
    if (tokens.width() > config.maxPositions()) {
      throw new UserError(
          "a text of %d tokens is longer than the %d that %s takes; cut it"
              .formatted(tokens.width(), config.maxPositions(), config.modelType()));
    }
    if (tokens.largestId() >= config.vocabularySize()) {
      throw new UserError(
          "a text has token %d, but the model's vocabulary has 0 to %d; is the tokenizer another model's?"
              .formatted(tokens.largestId(), config.vocabularySize() - 1));
    }
  }

  /** Computes the final hidden states, {@code [N, H]}. */
  protected abstract Tensor encode(UnpaddedTokens tokens);

  /**
   * Computes the final hidden state of each text's first token.
   *
   * @return {@code [B, H]}, in the order of the tokens
   */
  protected Tensor encodeFirst(UnpaddedTokens tokens) {
    return tokens.first(encode(tokens));
  }

  /**
   * Computes a layer. Without gradients, its intermediate results are freed at once, so that the
   * next layer uses memory that is in the cache.
   */
  protected static Tensor layer(Supplier<Tensor> computation) {
    return GradMode.is_enabled() ? computation.get() : Ops.inScope(computation);
  }

  /**
   * Computes BERT's pooler, {@code tanh(W h + b)} of the first token.
   *
   * @param first hidden states of the first tokens, {@code [B, H]}
   * @return {@code [B, H]}; empty if the encoder has no pooler
   */
  public Optional<Tensor> pooled(Tensor first) {
    return Optional.empty();
  }

  /**
   * @param ids {@code [B, T]}, int64, without padding
   * @return {@code [B, T, H]}
   */
  @Override
  public final Tensor forward(Tensor ids) {
    return hidden(EncoderInput.of(ids));
  }

  /** Frees the parameters and what else the encoder holds. */
  @Override
  public final void close() {
    super.close();
    closeTables();
  }

  /** Frees native memory that is no parameter, such as tables of rotations. */
  protected void closeTables() {}

  @Override
  public final Optional<String> modelType() {
    return Optional.of(config.modelType());
  }

  @Override
  public final List<String> defaultTargets() {
    return EncoderFamily.named(config.modelType())
        .map(EncoderFamily::defaultTargets)
        .orElse(List.of());
  }
}
