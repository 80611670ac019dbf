package dev.lora4j.train;

import dev.lora4j.UserError;

/**
 * Evaluation, early stopping and checkpoints; every 0 steps is at the end of each epoch.
 *
 * @param patience early stopping: evaluations without a lower validation loss that end the run; 0
 *     disables it
 */
public record EvalAndSavePolicy(long evaluateEvery, int patience, long checkpointEvery) {
  public EvalAndSavePolicy {
    if (evaluateEvery < 0 || patience < 0 || checkpointEvery < 0) {
      throw new UserError(
          "evaluate every, patience and checkpoint every must be at least 0, found %d, %d and %d"
              .formatted(evaluateEvery, patience, checkpointEvery));
    }
  }

  /** Evaluations and checkpoints at the end of each epoch, without early stopping. */
  public static EvalAndSavePolicy byEpoch() {
    return new EvalAndSavePolicy(0, 0, 0);
  }

  /** Evaluations and checkpoints every {@code steps} steps, without early stopping. */
  public static EvalAndSavePolicy every(long steps) {
    return new EvalAndSavePolicy(steps, 0, steps);
  }

  public EvalAndSavePolicy patience(int evaluations) {
    return new EvalAndSavePolicy(evaluateEvery, evaluations, checkpointEvery);
  }

  /** Returns whether an action with this interval in steps is due after this step. */
  static boolean isDue(long every, long step, long stepsPerEpoch) {
    return step % (every == 0 ? stepsPerEpoch : every) == 0;
  }
}
