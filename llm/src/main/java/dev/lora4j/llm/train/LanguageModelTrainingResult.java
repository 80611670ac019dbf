package dev.lora4j.llm.train;

import dev.lora4j.train.CheckpointState;
import dev.lora4j.train.RunDirectory;
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

  /** Publishes the adapter of a finished run in its directory. */
  public static LanguageModelTrainingResult of(
      CheckpointState state, End end, RunDirectory directory) {
    long chosen = state.best().isPresent() ? state.bestStep() : state.step();
    return new LanguageModelTrainingResult(
        state.step(),
        state.loss() / state.units(),
        state.before(),
        state.best(),
        chosen,
        state.tokens(),
        state.lossTokens(),
        Duration.ofNanos(state.nanos()),
        directory.publish(chosen),
        end,
        directory.path());
  }

  public double tokensPerSecond() {
    return tokens / (duration.toNanos() / 1e9);
  }
}
