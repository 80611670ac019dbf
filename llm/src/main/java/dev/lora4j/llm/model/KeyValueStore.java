package dev.lora4j.llm.model;

import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import org.bytedeco.pytorch.Tensor;

/** Keys and values of one sequence's tokens, layer by layer. */
public interface KeyValueStore {
  /** Number of tokens that every layer holds. */
  long length();

  /** Makes room for more tokens, so that threads can write them at different positions. */
  boolean makeRoom(long tokens);

  /**
   * Writes a layer's keys and values at a position.
   *
   * @param newKeys {@code [1, groups, tokens, dim]}
   * @param newValues of the same shape
   * @return all up to their end, {@code [1, groups, position + tokens, dim]} each
   */
  KeysAndValues write(int layer, long position, Tensor newKeys, Tensor newValues);

  /** Adds tokens to the length once every layer has written them. */
  void advance(long tokens);
}
