package dev.lora4j.models.training;

import dev.lora4j.UserError;

/** How long a run is. */
public sealed interface Length {

  /**
   * Until each example has been seen so often.
   *
   * @param count at least 1
   */
  record Epochs(int count) implements Length {
    public Epochs {
      if (count < 1) {
        throw new UserError("epochs must be at least 1, found " + count);
      }
    }
  }

  /**
   * Until the optimizer has taken so many steps, in as many epochs as that takes.
   *
   * @param count at least 1
   */
  record Steps(long count) implements Length {
    public Steps {
      if (count < 1) {
        throw new UserError("steps must be at least 1, found " + count);
      }
    }
  }

  /** The number of steps, where so many make an epoch. */
  default long steps(long inEpoch) {
    return this instanceof Epochs epochs
        ? Math.multiplyExact(epochs.count(), inEpoch)
        : ((Steps) this).count();
  }
}
