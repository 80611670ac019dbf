package dev.lora4j.cli.show;

import java.util.function.UnaryOperator;

/** Makes untrusted text, such as the output of a model, safe for a terminal. */
public final class TerminalText {
  /** Set by the launcher: Java reports no terminal when only standard input is a pipe. */
  private static final String STDOUT = "lora4j.stdout.terminal";

  private TerminalText() {}

  /** Returns a filter for standard output; text for files and pipes is unchanged. */
  public static UnaryOperator<String> forStandardOutput() {
    boolean terminal = Screen.standardError().terminal() || Boolean.getBoolean(STDOUT);
    return terminal ? TerminalText::harmless : UnaryOperator.identity();
  }

  /** Replaces control characters, so that text contains no terminal escapes. */
  public static String harmless(String text) {
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
