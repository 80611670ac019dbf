package dev.lora4j.cli;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Shows how far a count has come: on a terminal one line that is drawn over, elsewhere a plain line
 * every tenth of the way.
 *
 * <p>Counting is cheap and may be done by several threads: nothing is formatted unless it is shown.
 * Closing shows the last state and ends the line.
 */
final class Progress implements AutoCloseable {
  private static final long NANOS_BETWEEN_DRAWINGS = Duration.ofMillis(100).toNanos();
  private static final int PLAIN_LINES = 10;

  private final Screen screen;
  private final String label;
  private final Unit unit;
  private final Supplier<String> detail;
  private final BarStyle style;
  private final AtomicLong done = new AtomicLong();
  // On a terminal the time of the next drawing, elsewhere the count of the next line.
  private final AtomicLong due = new AtomicLong();
  private volatile long total;
  private volatile long before;
  private volatile long start;
  private int drawnColumns;
  private boolean closed;

  /** Counts to {@code total}; zero if that is not known. */
  Progress(Screen screen, String label, Unit unit, long total) {
    this(screen, label, unit, total, () -> "");
  }

  /**
   * Counts to {@code total}.
   *
   * @param detail asked for whenever the state is shown; empty for nothing to add
   */
  Progress(Screen screen, String label, Unit unit, long total, Supplier<String> detail) {
    this.screen = screen;
    this.label = label;
    this.unit = unit;
    this.detail = detail;
    style = BarStyle.of(screen);
    start = screen.nanoTime().getAsLong();
    due.set(start);
    expect(total);
  }

  /** The goal, where it is learnt later. */
  void expect(long total) {
    this.total = total;
    if (!screen.terminal()) {
      due.set(nextPlain(done.get()));
    }
  }

  /** What was there before, and says nothing of the speed: the kept part of a download. */
  void resumeFrom(long before) {
    this.before = before;
    done.set(before);
    if (!screen.terminal()) {
      due.set(nextPlain(before));
    }
  }

  /** It began so long before this was made. */
  void beganAgo(Duration time) {
    start = screen.nanoTime().getAsLong() - time.toNanos();
  }

  /** So many more. */
  void add(long more) {
    showIfDue(done.addAndGet(more));
  }

  /** So many in all. */
  void at(long count) {
    done.set(count);
    showIfDue(count);
  }

  private void showIfDue(long count) {
    long then = due.get();
    if (screen.terminal()) {
      long now = screen.nanoTime().getAsLong();
      if (now - then >= 0 && due.compareAndSet(then, now + NANOS_BETWEEN_DRAWINGS)) {
        draw();
      }
    } else if (count >= then && due.compareAndSet(then, nextPlain(count))) {
      printPlain();
    }
  }

  private long nextPlain(long count) {
    long goal = total;
    if (goal <= 0) {
      return Long.MAX_VALUE;
    }
    // The first count that reaches the next tenth.
    long tenths = count * PLAIN_LINES / goal + 1;
    return (tenths * goal + PLAIN_LINES - 1) / PLAIN_LINES;
  }

  /** Writes over the last line; blanks hide what stuck out, as not every terminal can erase. */
  private synchronized void draw() {
    if (!closed) {
      String line = state().line(style, screen.columns() - 1);
      screen.out().print("\r" + line + " ".repeat(Math.max(0, drawnColumns - line.length())));
      screen.out().flush();
      drawnColumns = line.length();
    }
  }

  private synchronized void printPlain() {
    ProgressState state = state();
    // The last line is the summary, when this is closed.
    if (!closed && !state.isComplete()) {
      screen.out().println(state.plain());
    }
  }

  private ProgressState state() {
    Duration elapsed = Duration.ofNanos(screen.nanoTime().getAsLong() - start);
    return new ProgressState(label, unit, done.get(), before, total, elapsed, detail.get());
  }

  /** Shows the last state and ends the line; a second time does nothing. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    if (screen.terminal()) {
      draw();
      screen.out().println();
    } else {
      screen.out().println(state().summary());
    }
    closed = true;
  }
}
