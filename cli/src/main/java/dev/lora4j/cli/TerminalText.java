package dev.lora4j.cli;

import java.util.function.UnaryOperator;

/** Text from a model, which may hold anything, on its way to a terminal. */
final class TerminalText {
  private TerminalText() {}

  /** Leaves text for files and pipes as it is. */
  static UnaryOperator<String> forStandardOutput() {
    return Screen.standardError().terminal() ? TerminalText::harmless : UnaryOperator.identity();
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
