package dev.lora4j.models.training;

import dev.lora4j.UserError;

/**
 * Batch configuration.
 *
 * @param rows batch size: rows that are computed at once, by all workers together
 * @param accumulate gradient accumulation: batches in a step. The step equals that of one large
 *     batch.
 * @param maxTokens maximum sequence length: limit of an example, and width of packed rows
 * @param packed whether a row packs as many examples as fit; they do not attend to each other
 * @param recompute activation checkpointing: keep only the inputs of the layers and recompute the
 *     rest in the backward pass. Saves memory, costs a second forward pass.
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

  /** Batches of this size, one example of at most 512 tokens a row, one batch a step. */
  public static Batching of(int rows) {
    return new Batching(rows, 1, 512, false, false);
  }

  /** Copy with this number of batches in a step. */
  public Batching accumulate(int batches) {
    return new Batching(rows, batches, maxTokens, packed, recompute);
  }

  /** Copy with another maximum sequence length. */
  public Batching maxTokens(int tokens) {
    return new Batching(rows, accumulate, tokens, packed, recompute);
  }

  /** Copy with packing. */
  public Batching packing() {
    return new Batching(rows, accumulate, maxTokens, true, recompute);
  }

  /** Copy with activation checkpointing. */
  public Batching recomputing() {
    return new Batching(rows, accumulate, maxTokens, packed, true);
  }

  int rowsInStep() {
    return Math.multiplyExact(rows, accumulate);
  }
}
