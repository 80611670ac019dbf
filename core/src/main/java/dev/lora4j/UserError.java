package dev.lora4j;

/** Thrown for bad input by the user. The message names the problem, its place and the remedy. */
public final class UserError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public UserError(String message) {
    super(message);
  }

  public UserError(String message, Throwable cause) {
    super(message, cause);
  }
}
