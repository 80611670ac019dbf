package dev.lora4j.llm.plan;

import dev.lora4j.llm.model.LanguageModelConfig;

/**
 * The memory of text generation, in bytes.
 *
 * @param base the base model's weights
 * @param adapter the adapter's
 * @param cacheOfToken keys and values of one token, {@code 2 · layers · groups · headDim} numbers
 *     in float32
 * @param cache keys and values of the longest text; in a server, its KV cache
 * @param runtime Java, libtorch and its libraries
 */
public record InferenceMemory(
    long base, long adapter, long cacheOfToken, long cache, long runtime) {

  /** Generation of one text of this number of tokens, its prompt included. */
  static InferenceMemory ofText(
      LanguageModelConfig model, BaseWeights base, long adapter, long tokens) {
    return ofCache(model, base, adapter, tokens * cacheOfToken(model));
  }

  /** A server with a KV cache of this size. */
  static InferenceMemory ofCache(
      LanguageModelConfig model, BaseWeights base, long adapter, long cache) {
    return new InferenceMemory(
        base.bytes(), adapter, cacheOfToken(model), cache, TrainingMemory.RUNTIME);
  }

  private static long cacheOfToken(LanguageModelConfig model) {
    return 2L * model.layers() * model.groups() * model.headDim() * Float.BYTES;
  }

  public long total() {
    return base + adapter + cache + runtime;
  }
}
