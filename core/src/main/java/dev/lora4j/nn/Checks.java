package dev.lora4j.nn;

import dev.lora4j.UserError;

/** Checks of the arguments that layers are made with. */
final class Checks {
  private Checks() {}

  static long positive(String name, long value) {
    return atLeast(1, name, value);
  }

  static long atLeast(long least, String name, long value) {
    if (value < least) {
      throw new UserError(name + " must be at least " + least + ", found " + value);
    }
    return value;
  }
}
