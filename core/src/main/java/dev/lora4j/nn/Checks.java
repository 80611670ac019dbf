package dev.lora4j.nn;

import dev.lora4j.UserError;

/** Checks of the arguments that layers are made with. */
final class Checks {
  private Checks() {}

  static long positive(String name, long value) {
    if (value < 1) {
      throw new UserError(name + " must be at least 1, found " + value);
    }
    return value;
  }
}
