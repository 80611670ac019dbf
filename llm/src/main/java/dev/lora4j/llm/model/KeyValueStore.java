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
   */
  void write(int layer, long position, Tensor newKeys, Tensor newValues);

  /**
   * Returns a layer's keys and values up to a position, {@code [1, groups, end, dim]} each; all of
   * them have been written.
   */
  KeysAndValues read(int layer, long end);

  /** Adds tokens to the length once every layer has written them. */
  void advance(long tokens);
}
