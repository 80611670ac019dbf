package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.LanguageModelConfig;

/**
 * The shape of a model's keys and values.
 *
 * @param layers number of layers
 * @param groups number of key and value heads
 * @param headDim size of a head
 */
public record KvShape(int layers, int groups, int headDim) {

  public static KvShape of(LanguageModelConfig config) {
    return new KvShape(config.layers(), config.groups(), config.headDim());
  }

  /** Bytes of a block of {@value KvBlock#TOKENS} tokens. */
  public long blockBytes() {
    return 2L * layers * groups * headDim * KvBlock.TOKENS * Float.BYTES;
  }
}
