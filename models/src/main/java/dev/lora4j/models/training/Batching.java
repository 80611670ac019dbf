package dev.lora4j.models.training;

import dev.lora4j.UserError;

/**
 * How examples come together.
 *
 * @param rows rows in a batch: what is computed at once, by all workers together
 * @param accumulate how many batches make a step; the step is the one that a batch of all their
 *     rows would make
 * @param maxTokens the greatest length of an example, and the width of packed rows
 * @param packed whether a row is as many examples as fit, of which none sees another
 * @param recompute whether only the input of each layer is kept in the forward, and the rest is
 *     computed again in the backward: less memory, and the layers' forward twice
 */
public record Batching(int rows, int accumulate, int maxTokens, boolean packed, boolean recompute) {
  public Batching {
    atLeast("batch", rows, 1);
    atLeast("accumulate", accumulate, 1);
    atLeast("max tokens", maxTokens, 2);
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new UserError("%s must be at least %d, found %d".formatted(name, least, value));
    }
  }

  /** Batches of so many rows of one example each, of at most 512 tokens; one makes a step. */
  public static Batching of(int rows) {
    return new Batching(rows, 1, 512, false, false);
  }

  /** The same, with so many batches in a step. */
  public Batching accumulate(int batches) {
    return new Batching(rows, batches, maxTokens, packed, recompute);
  }

  /** The same with rows of another length. */
  public Batching maxTokens(int tokens) {
    return new Batching(rows, accumulate, tokens, packed, recompute);
  }

  /** The same with rows of as many examples as fit. */
  public Batching packing() {
    return new Batching(rows, accumulate, maxTokens, true, recompute);
  }

  /** The same with less memory and more time. */
  public Batching recomputing() {
    return new Batching(rows, accumulate, maxTokens, packed, true);
  }

  int rowsInStep() {
    return Math.multiplyExact(rows, accumulate);
  }
}
