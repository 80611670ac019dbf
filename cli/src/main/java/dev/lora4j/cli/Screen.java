package dev.lora4j.cli;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where progress is shown.
 *
 * @param out the stream
 * @param terminal whether a line can be drawn over
 * @param charset what the stream encodes to
 * @param columns how wide a line may be
 * @param nanoTime the clock, as {@link System#nanoTime}
 */
record Screen(
    PrintStream out, boolean terminal, Charset charset, int columns, LongSupplier nanoTime) {
  private static final int USUAL_COLUMNS = 80;

  /** Standard error: what a command answers goes to standard output, and may go to a file. */
  static Screen standardError() {
    return new Screen(System.err, isTerminal(), charsetOfErrors(), USUAL_COLUMNS, System::nanoTime);
  }

  boolean canShow(String characters) {
    return charset.canEncode() && charset.newEncoder().canEncode(characters);
  }

  @SuppressWarnings("SystemConsoleNull") // the method below asks newer consoles
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && isTerminal(console) && !"dumb".equals(System.getenv("TERM"));
  }

  /** From Java 22 on there may be a console that is no terminal, and a method that tells. */
  private static boolean isTerminal(Console console) {
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }

  private static Charset charsetOfErrors() {
    Charset named = named(System.getProperty("stderr.encoding"));
    if (named == null) {
      named = named(System.getProperty("sun.stderr.encoding"));
    }
    return named == null ? Charset.defaultCharset() : named;
  }

  private static @Nullable Charset named(@Nullable String name) {
    try {
      return name == null ? null : Charset.forName(name);
    } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
      return null;
    }
  }
}
