package dev.lora4j.llm.train;

import dev.lora4j.UserError;

/** Duration of a run. */
public sealed interface TrainingDuration {

  /** A number of epochs. */
  record Epochs(int count) implements TrainingDuration {
    public Epochs {
      if (count < 1) {
        throw new UserError("epochs must be at least 1, found " + count);
      }
    }
  }

  /** A number of optimizer steps, over as many epochs as that takes. */
  record Steps(long count) implements TrainingDuration {
    public Steps {
      if (count < 1) {
        throw new UserError("steps must be at least 1, found " + count);
      }
    }
  }

  default long steps(long stepsPerEpoch) {
    return this instanceof Epochs epochs
        ? Math.multiplyExact(epochs.count(), stepsPerEpoch)
        : ((Steps) this).count();
  }
}
