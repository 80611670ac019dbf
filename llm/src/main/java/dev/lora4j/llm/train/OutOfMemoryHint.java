package dev.lora4j.llm.train;

import dev.lora4j.train.TrainingFailed;
import java.util.List;
import java.util.Optional;

/** Recognises failures by lack of memory and advises on settings. */
final class OutOfMemoryHint {
  private static final List<String> SIGNS =
      List.of(
          "can't allocate memory", // libtorch on Linux and macOS
          "not enough memory: you tried to allocate", // libtorch on Windows
          "out of memory",
          "bad_alloc",
          "Cannot allocate memory");

  private OutOfMemoryHint() {}

  /**
   * Returns the error to report, if memory ran out.
   *
   * @param kept the sentence on the last checkpoint
   */
  static Optional<TrainingFailed> explained(
      Throwable failure, long step, BatchConfig batching, String kept) {
    String message = String.valueOf(failure.getMessage());
    boolean is = failure instanceof OutOfMemoryError || SIGNS.stream().anyMatch(message::contains);
    return is ? Optional.of(asked(step, batching, kept, failure)) : Optional.empty();
  }

  private static TrainingFailed asked(
      long step, BatchConfig batching, String kept, Throwable cause) {
    StringBuilder advice = new StringBuilder();
    if (batching.batchSize() > 1) {
      advice.append(
          "lower batch (now %d) and raise accumulate (now %d) as much, which gives the same steps; "
              .formatted(batching.batchSize(), batching.gradientAccumulationSteps()));
    }
    advice.append("lower max tokens (now %d)".formatted(batching.maxSeqLength()));
    if (!batching.activationCheckpointing()) {
      advice.append("; switch checkpointing on");
    }
    TrainingFailed failed =
        new TrainingFailed(
            "out of memory at step " + step + ": " + advice + "; use fewer workers; " + kept);
    failed.initCause(cause);
    return failed;
  }
}
