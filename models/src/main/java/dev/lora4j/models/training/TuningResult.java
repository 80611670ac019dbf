package dev.lora4j.models.training;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;

/**
 * What a run came to, from its first step on, interruptions not counted.
 *
 * @param steps taken
 * @param trainLoss the mean over all steps, each token that carries loss (or each pair) once
 * @param validLossBefore the mean loss of what was held back, before the first step
 * @param validLossAfter the same with the adapter that the directory holds now
 * @param adapterStep the step after which the adapter was as the directory holds it now: the best
 *     one where there were evaluations, else the last
 * @param tokens read in the steps, those that several examples begin with counted for each
 * @param lossTokens of them, those that carried loss
 * @param duration of the steps alone
 * @param adapterBytes size of the adapter's files
 * @param end why it ended
 * @param directory where adapter and checkpoints are
 */
public record TuningResult(
    long steps,
    double trainLoss,
    OptionalDouble validLossBefore,
    OptionalDouble validLossAfter,
    long adapterStep,
    long tokens,
    long lossTokens,
    Duration duration,
    long adapterBytes,
    End end,
    Path directory) {

  /** Why a run ended. */
  public enum End {
    /** All steps were taken. */
    COMPLETE,
    /** The evaluations got no better. */
    EARLY,
    /** The listener wanted it to. */
    STOPPED
  }

  /** Tokens read in a second. */
  public double tokensPerSecond() {
    return tokens / (duration.toNanos() / 1e9);
  }
}
