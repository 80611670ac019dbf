package dev.lora4j.serve.jobs;

import dev.lora4j.llm.gate.GateData;
import java.util.Optional;

/**
 * The hyperparameters of a job; an empty one is chosen automatically.
 *
 * @param batchSize examples in a step
 * @param learningRateMultiplier factor of the recipe's default learning rate, 2e-4
 * @param epochs passes over the training data
 * @param beta of DPO
 */
public record Hyperparameters(
    Optional<Integer> batchSize,
    Optional<Double> learningRateMultiplier,
    Optional<Integer> epochs,
    Optional<Double> beta) {
  private static final int MIN_BATCH = 4;
  private static final int MAX_BATCH = 256;
  private static final double BATCH_FRACTION = 0.002;
  private static final int EPOCHS = 3;
  private static final int MAX_EPOCHS = 25;
  private static final long FEW_EXAMPLES = 100;
  private static final long MANY_EXAMPLES = 25_000;

  /** All chosen automatically. */
  public static Hyperparameters auto() {
    return new Hyperparameters(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * Fills in those of a method that are chosen automatically: a batch size of 0.2 % of the
   * examples, from 4 to 256; 3 epochs, more for fewer than 34 examples and fewer for more than
   * 8,333; the default learning rate; beta 0.1.
   */
  Hyperparameters resolve(TuningMethod method, long examples) {
    return new Hyperparameters(
        Optional.of(batchSize.orElseGet(() -> batch(examples))),
        Optional.of(learningRateMultiplier.orElse(1.0)),
        Optional.of(epochs.orElseGet(() -> epochs(examples))),
        method == TuningMethod.DPO ? Optional.of(beta.orElse(GateData.DEFAULT_BETA)) : beta);
  }

  private static int batch(long examples) {
    return (int) Math.max(MIN_BATCH, Math.min(MAX_BATCH, Math.round(BATCH_FRACTION * examples)));
  }

  private static int epochs(long examples) {
    if (EPOCHS * examples < FEW_EXAMPLES) {
      return (int) Math.min(MAX_EPOCHS, FEW_EXAMPLES / Math.max(1, examples));
    }
    return EPOCHS * examples > MANY_EXAMPLES ? (int) Math.max(1, MANY_EXAMPLES / examples) : EPOCHS;
  }
}
