package dev.lora4j.torchscript;

/** The message of a libtorch failure, without the stack traces of libtorch and of the script. */
final class NativeError {
  private static final String REASON = "RuntimeError: ";

  private NativeError() {}

  /** Returns the reason in one line. */
  static String oneLine(RuntimeException e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    int reason = message.lastIndexOf(REASON);
    return (reason < 0 ? message : message.substring(reason + REASON.length()))
        .strip()
        .lines()
        .findFirst()
        .orElse(e.toString());
  }
}
