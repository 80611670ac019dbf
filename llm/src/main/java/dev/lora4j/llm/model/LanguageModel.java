package dev.lora4j.llm.model;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Slot;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A causal language model: token ids to hidden states, hidden states to logits of the next token,
 * in separate calls because only labelled positions need logits. Module names are those of Hugging
 * Face's transformers. Threads may share a model that is not being changed.
 */
public abstract class LanguageModel extends Module {
  private static final String HEAD = "lm_head";

  private final LanguageModelConfig config;
  private @Nullable Slot head;

  /** A model whose layers the subclass adds. */
  public LanguageModel(LanguageModelConfig config) {
    this.config = config;
  }

  /** Adds the output projection, as the last child; shares the embedding's weight if it is tied. */
  public final void addOutputProjection(Embedding embedding) {
    head =
        child(
            HEAD,
            hasTiedHead()
                ? Linear.sharing(embedding.weight().tied())
                : Linear.withoutBias(config.hiddenSize(), vocabularySize()));
  }

  /** Starts a forward pass, to run layer by layer, with this attention context. */
  public abstract LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention);

  /** Starts a forward pass over whole sequences. */
  public final LayerwiseForward layerwise(TokenBatch tokens) {
    return layerwise(tokens, AttentionContext.over(tokens));
  }

  /**
   * Computes the final hidden states of whole sequences.
   *
   * @return {@code [batch, tokens, hidden]}
   */
  public final Tensor hidden(TokenBatch tokens) {
    return hidden(layerwise(tokens));
  }

  /**
   * Computes the final hidden states of tokens that continue the KV cache, and appends their keys
   * and values to it. Gradients are not recorded.
   *
   * @param tokens the next ones of each row
   * @return {@code [batch, tokens, hidden]}
   */
  public final Tensor hidden(TokenBatch tokens, KeyValueCache cache) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor hidden = hidden(layerwise(tokens, AttentionContext.continuing(tokens, cache)));
      cache.advance(tokens.length());
      return hidden;
    }
  }

  private static Tensor hidden(LayerwiseForward forward) {
    return forward.finalNorm(forward.through(forward.layers()));
  }

  /**
   * Computes the logits of the next token.
   *
   * @param hidden final hidden states, {@code [rows…, hidden]}
   * @return {@code [rows…, vocabulary]}
   */
  public final Tensor logits(Tensor hidden) {
    return logitTransform().apply(head().forward(hidden));
  }

  /**
   * @param ids {@code [batch, tokens]}, int64
   * @return logits {@code [batch, tokens, vocabulary]}
   */
  @Override
  public final Tensor forward(Tensor ids) {
    return logits(hidden(TokenBatch.of(ids)));
  }

  public final LanguageModelConfig config() {
    return config;
  }

  /** The output projection from hidden states; its weight is {@code [vocabulary, hidden]}. */
  public Slot head() {
    return requireNonNull(head, "the model has no output projection");
  }

  /** The step from the projection's output to the logits; identity by default. */
  public LogitTransform logitTransform() {
    return LogitTransform.identity();
  }

  @Override
  public final Optional<String> headPath() {
    return Optional.of(HEAD);
  }

  /** Returns whether the output projection shares the embedding's weight (weight tying). */
  public final boolean hasTiedHead() {
    return config.tiedHead();
  }

  @Override
  public final Optional<String> modelType() {
    return Optional.of(config.modelType());
  }

  @Override
  public final List<String> defaultTargets() {
    return ModelFamily.named(config.modelType()).map(ModelFamily::defaultTargets).orElse(List.of());
  }

  public final int vocabularySize() {
    return config.vocabularySize();
  }

  public final int maxPositions() {
    return config.maxPositions();
  }

  /** An empty KV cache of this model's shape; the caller frees it. */
  public final KeyValueCache newCache() {
    return new KeyValueCache(config.layers());
  }

  /** An empty KV cache with memory for {@code capacity} tokens; it grows when more come. */
  public final KeyValueCache newCache(long capacity) {
    return new KeyValueCache(config.layers(), capacity);
  }
}
