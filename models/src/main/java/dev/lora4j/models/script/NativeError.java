package dev.lora4j.models.script;

/** What libtorch says of a failure, without its own stack and the script's. */
final class NativeError {
  private static final String REASON = "RuntimeError: ";

  private NativeError() {}

  /** The reason in one line. */
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
