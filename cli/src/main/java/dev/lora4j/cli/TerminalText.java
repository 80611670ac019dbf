package dev.lora4j.cli;

import java.util.function.UnaryOperator;

/** Text from a model, which may hold anything, on its way to a terminal. */
final class TerminalText {
  /** Set by the launcher: Java itself can't tell when only standard input is a pipe. */
  private static final String STDOUT = "lora4j.stdout.terminal";

  private TerminalText() {}

  /** Leaves text for files and pipes as it is. */
  static UnaryOperator<String> forStandardOutput() {
    boolean terminal = Screen.standardError().terminal() || Boolean.getBoolean(STDOUT);
    return terminal ? TerminalText::harmless : UnaryOperator.identity();
  }

  /** Without the escapes that would make a terminal do things. */
  static String harmless(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              boolean control = Character.isISOControl(c) && c != '\n' && c != '\t';
              out.appendCodePoint(control ? '\uFFFD' : c);
            });
    return out.toString();
  }
}
