package dev.lora4j.spark;

/** A mistake of the user's that every executor throws alike, so that none waits for another. */
final class CommonMistake extends RuntimeException {
  private static final long serialVersionUID = 1;

  CommonMistake(String message) {
    super(message);
  }
}
