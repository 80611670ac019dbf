package dev.lora4j.train;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;

/** Result of a run in a directory, from its first step on, without interruptions. */
public interface RunResult {

  /** The reason why a run ended. */
  enum End {
    /** All steps were taken. */
    COMPLETE,
    /** Early stopping: the validation loss did not improve. */
    EARLY,
    /** The callback stopped it. */
    STOPPED
  }

  /** Returns the number of steps taken. */
  long steps();

  /** Returns the mean training loss over all steps, each unit counted once. */
  double trainLoss();

  /** Returns the validation loss before the first step. */
  OptionalDouble validLossBefore();

  /** Returns the validation loss of the published adapter. */
  OptionalDouble validLossAfter();

  /** Returns the step of the published adapter. */
  long adapterStep();

  /** Returns the duration of the steps alone. */
  Duration duration();

  /** Returns the size of the adapter's files. */
  long adapterBytes();

  /** Returns the reason why the run ended. */
  End end();

  /** Returns the directory of the adapter and the checkpoints. */
  Path directory();
}
