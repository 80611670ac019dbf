package dev.lora4j.llm.train;

import dev.lora4j.UserError;

/**
 * Batch size, gradient accumulation, sequence length, packing and gradient checkpointing.
 *
 * @param batchSize rows that are computed at once, by all workers together
 * @param gradientAccumulationSteps batches in a step. The step equals that of one large batch.
 * @param maxSeqLength limit of an example, and width of packed rows
 * @param packed packing: a row holds as many examples as fit; they do not attend to each other
 * @param activationCheckpointing gradient checkpointing: keep only the inputs of the layers and
 *     recompute the rest in the backward pass. Saves memory, costs a second forward pass.
 */
public record BatchConfig(
    int batchSize,
    int gradientAccumulationSteps,
    int maxSeqLength,
    boolean packed,
    boolean activationCheckpointing) {
  public BatchConfig {
    atLeast("batch", batchSize, 1);
    atLeast("accumulate", gradientAccumulationSteps, 1);
    atLeast("max tokens", maxSeqLength, 2);
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new UserError("%s must be at least %d, found %d".formatted(name, least, value));
    }
  }

  /** Batches of this size, one example of at most 512 tokens a row, one batch a step. */
  public static BatchConfig of(int rows) {
    return new BatchConfig(rows, 1, 512, false, false);
  }

  /** Copy with this number of batches in a step. */
  public BatchConfig gradientAccumulationSteps(int batches) {
    return new BatchConfig(batchSize, batches, maxSeqLength, packed, activationCheckpointing);
  }

  /** Copy with another maximum sequence length. */
  public BatchConfig maxSeqLength(int tokens) {
    return new BatchConfig(
        batchSize, gradientAccumulationSteps, tokens, packed, activationCheckpointing);
  }

  /** Copy with packing. */
  public BatchConfig packing() {
    return new BatchConfig(
        batchSize, gradientAccumulationSteps, maxSeqLength, true, activationCheckpointing);
  }

  /** Copy with activation checkpointing. */
  public BatchConfig recomputing() {
    return new BatchConfig(batchSize, gradientAccumulationSteps, maxSeqLength, packed, true);
  }

  int globalBatchSize() {
    return Math.multiplyExact(batchSize, gradientAccumulationSteps);
  }
}
