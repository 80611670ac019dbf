package dev.lora4j.cli.progress;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.Screen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A progress bar: on a terminal one line that is overwritten, elsewhere a plain line after each
 * tenth of the work.
 *
 * <p>Counting is thread-safe and cheap: nothing is formatted unless it is shown, and nothing is
 * shown before the first count. Closing shows the last state and ends the line.
 */
public final class Progress implements AutoCloseable {
  private static final long NANOS_BETWEEN_DRAWINGS = Duration.ofMillis(100).toNanos();
  private static final int PLAIN_LINES = 10;
  private static final int TEXT_COLUMNS = 66;
  private static final int MIN_BAR = 10;
  private static final int MAX_BAR = 30;
  // The first steps are slow, and the time left that follows from them is far too long.
  private static final double WARM_UP_SECONDS = 1;

  private final Screen screen;
  private final String label;
  private final Unit unit;
  private final long total;
  private final Supplier<String> detail;
  private final AtomicLong done = new AtomicLong();
  // On a terminal the time of the next drawing, elsewhere the count of the next line.
  private final AtomicLong due = new AtomicLong();
  private volatile long before;
  private volatile long start;
  private volatile boolean counted;
  private int drawnColumns;
  private boolean closed;

  /** Counts to {@code total} on standard error; zero for an unknown total. */
  public Progress(String label, Unit unit, long total) {
    this(Screen.standardError(), label, unit, total, () -> "");
  }

  /**
   * Counts to {@code total}.
   *
   * @param detail further text, requested whenever the state is shown; may be empty
   */
  Progress(Screen screen, String label, Unit unit, long total, Supplier<String> detail) {
    this.screen = screen;
    this.label = label;
    this.unit = unit;
    this.total = total;
    this.detail = detail;
    start = screen.nanoTime().getAsLong();
    due.set(screen.terminal() ? start : nextPlain(0));
  }

  /** Sets a count that was reached before the start, such as the kept part of a download. */
  void resumeFrom(long before) {
    this.before = before;
    done.set(before);
    if (!screen.terminal()) {
      due.set(nextPlain(before));
    }
  }

  /** Sets the start to so long ago, for the rate and the time left of work that is in progress. */
  void beganAgo(Duration time) {
    start = screen.nanoTime().getAsLong() - time.toNanos();
  }

  /** Adds to the count. */
  public void add(long more) {
    showIfDue(done.addAndGet(more));
  }

  /** Sets the count. */
  void at(long count) {
    done.set(count);
    showIfDue(count);
  }

  private void showIfDue(long count) {
    counted = true;
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

  /** The first count that reaches the next tenth. */
  private long nextPlain(long count) {
    if (total <= 0) {
      return Long.MAX_VALUE;
    }
    long tenths = count * PLAIN_LINES / total + 1;
    return (tenths * total + PLAIN_LINES - 1) / PLAIN_LINES;
  }

  /** Overwrites the last line, with blanks because not every terminal can erase. */
  private synchronized void draw() {
    if (!closed) {
      String line = line(screen.columns() - 1);
      screen.out().print("\r" + line + " ".repeat(Math.max(0, drawnColumns - line.length())));
      screen.out().flush();
      drawnColumns = line.length();
    }
  }

  private synchronized void printPlain() {
    // The last line is the summary, printed on closing.
    if (!closed && !isComplete()) {
      screen.out().println(plain());
    }
  }

  /** Shows the last state and ends the line; closing twice has no effect. */
  @Override
  public synchronized void close() {
    if (counted && !closed) {
      if (screen.terminal()) {
        draw();
        screen.out().println();
      } else {
        screen.out().println(summary());
      }
    }
    closed = true;
  }

  /** {@code base ━━━━━━╸───── 54 % 13,500/25,000 loss 1.312 641 steps/s 18 s left}. */
  private String line(int columns) {
    List<String> parts = new ArrayList<>(List.of(label));
    if (total > 0) {
      int free = columns - TEXT_COLUMNS - label.length();
      parts.add(bar(Math.max(MIN_BAR, Math.min(MAX_BAR, free))) + " " + percent());
    }
    parts.add(unit.count(done.get(), total));
    parts.addAll(speed());
    parts.add(isComplete() ? "in " + NumberFormats.time(elapsed()) : timeLeft());
    String line = joined("  ", parts);
    return line.substring(0, Math.min(line.length(), columns));
  }

  /** {@code base: 50 %, 12,500/25,000, loss 1.312, 641 steps/s, 19 s left}. */
  private String plain() {
    List<String> parts = new ArrayList<>();
    if (total > 0) {
      parts.add(percent().strip());
    }
    parts.add(unit.count(done.get(), total).strip());
    parts.addAll(speed());
    parts.add(timeLeft());
    return label + ": " + joined(", ", parts);
  }

  /** {@code base: 25,000 steps in 39 s, loss 1.204, 641 steps/s}. */
  private String summary() {
    List<String> parts = new ArrayList<>();
    parts.add(unit.amount(done.get()) + " in " + NumberFormats.time(elapsed()));
    parts.addAll(speed());
    return label + ": " + joined(", ", parts);
  }

  /** A bar in half columns: lines, or ASCII where the screen can't show them. */
  private String bar(int columns) {
    boolean lines = screen.canShow("━╸─");
    double share = Math.max(0, Math.min(1, (double) done.get() / total));
    int halves = (int) Math.floor(share * 2 * columns);
    int rest = columns - (halves + 1) / 2;
    return (lines ? "━" : "=").repeat(halves / 2)
        + (lines ? "╸" : "-").repeat(halves % 2)
        + (lines ? "─" : ".").repeat(rest);
  }

  private boolean isComplete() {
    return total > 0 && done.get() >= total;
  }

  private String percent() {
    return String.format(Locale.ROOT, "%3d %%", Math.min(100, 100 * done.get() / total));
  }

  private List<String> speed() {
    return List.of(detail.get(), rate() > 0 ? unit.rate(rate()) : "");
  }

  private String timeLeft() {
    if (total <= done.get() || rate() <= 0) {
      return "";
    }
    long millis = Math.round(1e3 * (total - done.get()) / rate());
    return NumberFormats.time(Duration.ofMillis(millis)) + " left";
  }

  private double rate() {
    double seconds = NumberFormats.seconds(elapsed());
    boolean tooEarly = seconds < WARM_UP_SECONDS && !isComplete();
    return seconds == 0 || tooEarly ? 0 : (done.get() - before) / seconds;
  }

  private Duration elapsed() {
    return Duration.ofNanos(screen.nanoTime().getAsLong() - start);
  }

  private static String joined(String separator, List<String> parts) {
    return String.join(separator, parts.stream().filter(part -> !part.isEmpty()).toList());
  }
}
