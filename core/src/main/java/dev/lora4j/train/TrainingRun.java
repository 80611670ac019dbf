package dev.lora4j.train;

import dev.lora4j.UserError;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A training run in a directory, with evaluations, early stopping, checkpoints and exact resuming.
 *
 * @param directory for checkpoints and the adapter
 * @param resumed false to start a new run, true to continue after the last checkpoint
 * @param settings the settings that a resumed run must share with its start
 * @param save writes the adapter's files into a directory
 * @param validation evaluates the network; empty for no evaluations
 * @param keepsBest whether the adapter with the lowest validation loss is published, not the last
 * @param policy steps between evaluations and checkpoints, and early stopping
 */
public record TrainingRun(
    Path directory,
    boolean resumed,
    RunSettings settings,
    Consumer<Path> save,
    Optional<Supplier<TrainingLoop.Evaluated>> validation,
    boolean keepsBest,
    EvalAndSavePolicy policy) {

  public TrainingRun {
    if (policy.patience() > 0 && (validation.isEmpty() || !keepsBest)) {
      throw new UserError("early stopping needs validation examples, found none");
    }
  }

  /** The result of a run. */
  record Result(
      long steps,
      double trainLoss,
      OptionalDouble validLossBefore,
      OptionalDouble validLossAfter,
      long adapterStep,
      Duration duration,
      long adapterBytes,
      End end,
      Path directory)
      implements RunResult {}
}
