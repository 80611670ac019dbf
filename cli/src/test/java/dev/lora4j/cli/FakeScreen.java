package dev.lora4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;

/** A screen whose output can be read back, with a manual clock. */
final class FakeScreen {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Charset charset;
  private final Screen screen;
  private long now = Long.MAX_VALUE - 1_000; // a real clock may overflow too
  private int drawings;

  FakeScreen(boolean terminal, Charset charset, int columns) {
    this.charset = charset;
    PrintStream out =
        new PrintStream(bytes, false, charset) {
          @Override
          public void flush() {
            drawings++;
            super.flush();
          }
        };
    screen = new Screen(out, terminal, charset, columns, () -> now);
  }

  Screen screen() {
    return screen;
  }

  void pass(Duration time) {
    now += time.toNanos();
  }

  int drawings() {
    return drawings;
  }

  String text() {
    screen.out().flush();
    return bytes.toString(charset);
  }

  /** The successive contents of the one line of a terminal. */
  List<String> states() {
    return List.of(text().strip().split("\r"));
  }

  /** The lines of a file. */
  List<String> lines() {
    return List.of(text().split(System.lineSeparator()));
  }
}
