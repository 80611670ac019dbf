package dev.lora4j.train;

import dev.lora4j.UserError;

/** Checks of what optimizers are made with. */
final class Optimizers {
  private Optimizers() {}

  static void checkRate(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new UserError(name + " must be at least 0 and finite, found " + value);
    }
  }
}
