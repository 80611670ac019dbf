package dev.lora4j.cli.show;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The stream that progress is shown on.
 *
 * @param terminal true if a line can be overwritten
 * @param nanoTime the clock, as {@link System#nanoTime}
 */
public record Screen(
    PrintStream out, boolean terminal, Charset charset, int columns, LongSupplier nanoTime) {
  private static final int DEFAULT_COLUMNS = 80;

  /** Standard error; results go to standard output, which may be a file. */
  public static Screen standardError() {
    return new Screen(
        System.err, isTerminal(), charsetOfErrors(), DEFAULT_COLUMNS, System::nanoTime);
  }

  public boolean canShow(String characters) {
    return charset.canEncode() && charset.newEncoder().canEncode(characters);
  }

  @SuppressWarnings("SystemConsoleNull") // newer consoles are asked below
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && isTerminal(console) && !"dumb".equals(System.getenv("TERM"));
  }

  /** Returns true for a terminal; since Java 22 a console may be something else. */
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
