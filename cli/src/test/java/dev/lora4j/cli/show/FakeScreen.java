package dev.lora4j.cli.show;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;

/** A screen whose output can be read back, with a manual clock. */
public final class FakeScreen {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Charset charset;
  private final Screen screen;
  private long now = Long.MAX_VALUE - 1_000; // a real clock may overflow too
  private int drawings;

  public FakeScreen(boolean terminal, Charset charset, int columns) {
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

  public Screen screen() {
    return screen;
  }

  public void pass(Duration time) {
    now += time.toNanos();
  }

  public int drawings() {
    return drawings;
  }

  public String text() {
    screen.out().flush();
    return bytes.toString(charset);
  }

  /** The successive contents of the one line of a terminal. */
  public List<String> states() {
    return List.of(text().strip().split("\r"));
  }

  /** The lines of a file. */
  public List<String> lines() {
    return List.of(text().split(System.lineSeparator()));
  }
}
