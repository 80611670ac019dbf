package dev.lora4j.llm.train;

import dev.lora4j.nn.runtime.OutOfMemory;
import dev.lora4j.train.TrainingFailed;
import java.util.Optional;

/** Recognises out-of-memory failures and suggests settings that need less memory. */
final class OutOfMemoryHint {
  private OutOfMemoryHint() {}

  /** Returns the error to report if memory ran out, with a sentence on the last checkpoint. */
  static Optional<TrainingFailed> explained(
      Throwable failure, long step, BatchConfig batching, String checkpoint) {
    return OutOfMemory.isIn(failure)
        ? Optional.of(error(step, batching, checkpoint, failure))
        : Optional.empty();
  }

  private static TrainingFailed error(
      long step, BatchConfig batching, String checkpoint, Throwable cause) {
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
            "out of memory at step " + step + ": " + advice + "; use fewer workers; " + checkpoint);
    failed.initCause(cause);
    return failed;
  }
}
