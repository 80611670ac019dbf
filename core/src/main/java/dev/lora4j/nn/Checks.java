package dev.lora4j.nn;

/** Checks of the arguments that layers are made with. */
final class Checks {
  private Checks() {}

  static long positive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, found " + value);
    }
    return value;
  }
}
