package dev.lora4j.cli;

import dev.lora4j.cli.report.Numbers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How far a count has come, and how that reads.
 *
 * @param label what is done
 * @param unit what is counted
 * @param done how many
 * @param before how many of them were there at the start, and say nothing of the speed
 * @param total the goal; zero if it is not known
 * @param elapsed since the start
 * @param detail what else to say; may be empty
 */
record ProgressState(
    String label, Unit unit, long done, long before, long total, Duration elapsed, String detail) {
  private static final int TEXT_COLUMNS = 66;
  private static final int MIN_BAR = 10;
  private static final int MAX_BAR = 30;
  // The first steps are slow, and what they say of the time left would frighten.
  private static final Duration WARM_UP = Duration.ofSeconds(1);

  /** {@code base ━━━━━━╸───── 54 % 13,500/25,000 loss 1.312 641 steps/s 18 s left}. */
  String line(BarStyle style, int columns) {
    int free = columns - TEXT_COLUMNS - label.length();
    int width = Math.max(MIN_BAR, Math.min(MAX_BAR, free));
    List<String> parts = new ArrayList<>(List.of(label));
    if (total > 0) {
      parts.add(style.bar((double) done / total, width) + " " + percent());
    }
    parts.add(unit.count(done, total));
    parts.addAll(speed());
    parts.add(isComplete() ? "in " + Numbers.time(elapsed) : timeLeft());
    String line = joined("  ", parts);
    return line.substring(0, Math.min(line.length(), columns));
  }

  /** {@code base: 50 %, 12,500/25,000, loss 1.312, 641 steps/s, 19 s left}. */
  String plain() {
    List<String> parts = new ArrayList<>();
    if (total > 0) {
      parts.add(percent().strip());
    }
    parts.add(unit.count(done, total).strip());
    parts.addAll(speed());
    parts.add(timeLeft());
    return label + ": " + joined(", ", parts);
  }

  /** {@code base: 25,000 steps in 39 s, loss 1.204, 641 steps/s}. */
  String summary() {
    List<String> parts = new ArrayList<>();
    parts.add(unit.amount(done) + " in " + Numbers.time(elapsed));
    parts.addAll(speed());
    return label + ": " + joined(", ", parts);
  }

  boolean isComplete() {
    return total > 0 && done >= total;
  }

  private String percent() {
    String digits = Long.toString(Math.min(100, 100 * done / total));
    return " ".repeat(3 - digits.length()) + digits + " %";
  }

  private List<String> speed() {
    return List.of(detail, rate() > 0 ? unit.rate(rate()) : "");
  }

  private String timeLeft() {
    if (total <= done || rate() <= 0) {
      return "";
    }
    long millis = Math.round(1e3 * (total - done) / rate());
    return Numbers.time(Duration.ofMillis(millis)) + " left";
  }

  private double rate() {
    boolean tooEarly = elapsed.compareTo(WARM_UP) < 0 && !isComplete();
    return elapsed.isZero() || tooEarly ? 0 : (done - before) / Numbers.seconds(elapsed);
  }

  private static String joined(String separator, List<String> parts) {
    return String.join(separator, parts.stream().filter(part -> !part.isEmpty()).toList());
  }
}
