package dev.lora4j.llm.train;

import dev.lora4j.train.RunResult;
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
    Path directory)
    implements RunResult {

  public double tokensPerSecond() {
    return tokens / (duration.toNanos() / 1e9);
  }
}
