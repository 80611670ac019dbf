package dev.lora4j.llm.train;

import dev.lora4j.UserError;

/** Duration of a run. */
public sealed interface TrainingDuration {
  /** The largest number of epochs. */
  int MAX_EPOCHS = 1_000_000;

  /**
   * A number of epochs.
   *
   * @param count from 1 to a million
   */
  record Epochs(int count) implements TrainingDuration {
    public Epochs {
      if (count < 1 || count > MAX_EPOCHS) {
        throw new UserError(
            "epochs must be at %s, found %d"
                .formatted(count < 1 ? "least 1" : "most " + MAX_EPOCHS, count));
      }
    }
  }

  /**
   * A number of optimizer steps, over as many epochs as necessary.
   *
   * @param count at least 1
   */
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
