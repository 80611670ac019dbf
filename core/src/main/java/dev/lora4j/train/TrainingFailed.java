package dev.lora4j.train;

/** A training that can't go on; the message says at which step, and what to try. */
public final class TrainingFailed extends RuntimeException {
  private static final long serialVersionUID = 1;

  public TrainingFailed(String message) {
    super(message);
  }
}
