package dev.lora4j.train;

/** Thrown if training cannot continue. The message names the step and a remedy. */
public final class TrainingFailed extends RuntimeException {
  private static final long serialVersionUID = 1;

  public TrainingFailed(String message) {
    super(message);
  }
}
