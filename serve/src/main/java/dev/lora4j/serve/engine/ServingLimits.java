package dev.lora4j.serve.engine;

import dev.lora4j.UserError;

/**
 * The bounds of a server.
 *
 * @param maxBatch sequences that are decoded together
 * @param maxQueue requests that wait
 * @param maxAdapters adapters in memory; the least recently used one is evicted
 * @param cacheBytes memory of the KV cache
 * @param threads threads that compute
 */
public record ServingLimits(
    int maxBatch, int maxQueue, int maxAdapters, long cacheBytes, int threads) {
  public ServingLimits {
    require(maxBatch >= 1 && maxBatch <= 1024, "max-batch", "between 1 and 1024", maxBatch);
    require(maxQueue >= 1, "max-queue", "at least 1", maxQueue);
    require(maxAdapters >= 1, "max-adapters", "at least 1", maxAdapters);
    require(cacheBytes >= 1, "cache-mb", "at least 1", cacheBytes >> 20);
    require(threads >= 1, "threads", "at least 1", threads);
  }

  private static void require(boolean holds, String name, String expected, long found) {
    if (!holds) {
      throw new UserError("%s must be %s, found %d".formatted(name, expected, found));
    }
  }

  /** 16 sequences, 256 waiting requests, 16 adapters, 1 GB of KV cache, all cores. */
  public static ServingLimits defaults() {
    return new ServingLimits(16, 256, 16, 1L << 30, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Returns the limits of each of several base models: the KV cache and the adapters in memory are
   * divided equally; the threads are used in turn.
   */
  public ServingLimits sharedBy(int models) {
    return new ServingLimits(
        maxBatch, maxQueue, Math.max(1, maxAdapters / models), cacheBytes / models, threads);
  }

  public ServingLimits maxBatch(int sequences) {
    return new ServingLimits(sequences, maxQueue, maxAdapters, cacheBytes, threads);
  }

  public ServingLimits maxQueue(int requests) {
    return new ServingLimits(maxBatch, requests, maxAdapters, cacheBytes, threads);
  }

  public ServingLimits maxAdapters(int adapters) {
    return new ServingLimits(maxBatch, maxQueue, adapters, cacheBytes, threads);
  }

  public ServingLimits cacheBytes(long bytes) {
    return new ServingLimits(maxBatch, maxQueue, maxAdapters, bytes, threads);
  }
}
