package dev.lora4j.llm.train;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;

/**
 * Result of a run, from its first step on, without interruptions.
 *
 * @param validLossAfter validation loss of the published adapter
 * @param adapterStep step of the published adapter: the best one with validation, else the last
 * @param tokens tokens in the steps; shared prefixes count for each example
 * @param duration of the steps alone
 */
public record LanguageModelTrainingResult(
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
    COMPLETE,
    /** Early stopping: the validation loss did not improve. */
    EARLY,
    /** The callback stopped it. */
    STOPPED
  }

  public double tokensPerSecond() {
    return tokens / (duration.toNanos() / 1e9);
  }
}
