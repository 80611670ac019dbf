package dev.lora4j.llm.train;

import dev.lora4j.UserError;

/**
 * Batch size, gradient accumulation, sequence length, packing and gradient checkpointing.
 *
 * @param batchSize rows in a batch, which all workers share
 * @param gradientAccumulationSteps batches in a step, which equals that of one large batch
 * @param maxSeqLength maximum sequence length: limit of an example, and width of packed rows
 * @param packed packing: a row holds as many examples as fit; they do not attend to each other
 * @param activationCheckpointing gradient checkpointing: recomputes all but the layers' inputs in
 *     the backward pass. Saves memory, costs a second forward pass.
 */
public record BatchConfig(
    int batchSize,
    int gradientAccumulationSteps,
    int maxSeqLength,
    boolean packed,
    boolean activationCheckpointing) {
  private static final int MAX_ROWS = 1 << 24;

  public BatchConfig {
    atLeast("batch", batchSize, 1);
    atLeast("accumulate", gradientAccumulationSteps, 1);
    atLeast("max tokens", maxSeqLength, 2);
    if ((long) batchSize * gradientAccumulationSteps > MAX_ROWS) {
      throw new UserError(
          "batch size times gradient accumulation steps must be at most %,d, found %,d"
              .formatted(MAX_ROWS, (long) batchSize * gradientAccumulationSteps));
    }
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new UserError("%s must be at least %d, found %d".formatted(name, least, value));
    }
  }

  /** This batch size, at most 512 tokens per example, without gradient accumulation or packing. */
  public static BatchConfig of(int batchSize) {
    return new BatchConfig(batchSize, 1, 512, false, false);
  }

  public BatchConfig gradientAccumulationSteps(int batches) {
    return new BatchConfig(batchSize, batches, maxSeqLength, packed, activationCheckpointing);
  }

  public BatchConfig maxSeqLength(int tokens) {
    return new BatchConfig(
        batchSize, gradientAccumulationSteps, tokens, packed, activationCheckpointing);
  }

  public BatchConfig packing() {
    return new BatchConfig(
        batchSize, gradientAccumulationSteps, maxSeqLength, true, activationCheckpointing);
  }

  public BatchConfig gradientCheckpointing() {
    return new BatchConfig(batchSize, gradientAccumulationSteps, maxSeqLength, packed, true);
  }

  /** Rows in a step. */
  public int globalBatchSize() {
    return batchSize * gradientAccumulationSteps;
  }
}
