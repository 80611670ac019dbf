package dev.lora4j.llm.train;

import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.TrainingLoop;
import java.util.Optional;
import java.util.function.Supplier;

/** Ends a run whose step or evaluation fails with an error that says what it leaves behind. */
public record TrainingGuard(RunDirectory directory, BatchConfig batching) {

  /**
   * Runs a step, or an evaluation after it.
   *
   * @throws TrainingFailed if it does, or memory runs out
   */
  public <T> T run(long step, Supplier<T> work) {
    try {
      return work.get();
    } catch (TrainingFailed e) {
      throw new TrainingFailed(e.getMessage() + "; " + directory.note());
    } catch (RuntimeException | OutOfMemoryError e) {
      Optional<TrainingFailed> outOfMemory =
          OutOfMemoryHint.explained(e, step, batching, directory.note());
      if (outOfMemory.isPresent()) {
        throw outOfMemory.get();
      }
      throw e;
    }
  }

  /**
   * Runs an evaluation after a step.
   *
   * @throws TrainingFailed if the loss is not finite, or as {@link #run}
   */
  public TrainingLoop.Evaluated evaluate(long step, Supplier<TrainingLoop.Evaluated> work) {
    TrainingLoop.Evaluated found = run(step, work);
    if (!Double.isFinite(found.loss())) {
      throw new TrainingFailed(
          "the validation loss is %s after step %d; try a lower learning rate; %s"
              .formatted(found.loss(), step, directory.note()));
    }
    return found;
  }
}
