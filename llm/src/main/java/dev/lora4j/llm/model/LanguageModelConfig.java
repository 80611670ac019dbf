package dev.lora4j.llm.model;

import java.util.OptionalLong;

/** The settings that the language models of all families share. */
public interface LanguageModelConfig {

  String modelType();

  int vocabularySize();

  /** Width of the hidden states. */
  int hiddenSize();

  int layers();

  /** Number of attention heads. */
  int heads();

  /** Number of key and value heads. */
  int groups();

  /** Size of an attention head. */
  int headDim();

  /** Maximum sequence length, in tokens. */
  int maxPositions();

  /** The values that training keeps of each decoder layer until its backward pass. */
  LayerActivations activations();

  /** Returns whether the output projection shares the embedding's weight (weight tying). */
  boolean tiedHead();

  /**
   * Number of tokens beyond which a text has other keys and values than its shorter beginnings, so
   * that a KV cache of them can't be continued; empty for none. LongRoPE rotates longer texts by
   * other frequencies.
   */
  default OptionalLong cacheLimit() {
    return OptionalLong.empty();
  }

  /** Returns whether a text of one length can't continue the KV cache of another. */
  default boolean isCacheStale(long cachedTokens, long tokens) {
    long limit = cacheLimit().orElse(Long.MAX_VALUE);
    return cachedTokens > limit != tokens > limit;
  }
}
