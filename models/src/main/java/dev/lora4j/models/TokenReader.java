package dev.lora4j.models;

import org.bytedeco.pytorch.Tensor;

/** Reads a text's tokens one after the other, each on top of those in a cache. For one thread. */
public interface TokenReader extends AutoCloseable {

  /**
   * Takes a token into the cache.
   *
   * @return the scores of each token as the next one, {@code [vocabulary]}, in memory that the next
   *     call writes into
   */
  Tensor logitsAfter(long token);

  @Override
  void close();
}
