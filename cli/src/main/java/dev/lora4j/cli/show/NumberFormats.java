package dev.lora4j.cli.show;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Formats numbers for people, independent of the locale. */
public final class NumberFormats {
  private static final List<String> BYTE_UNITS = List.of("kB", "MB", "GB", "TB");

  private NumberFormats() {}

  /** {@code 25,000}. */
  public static String count(long count) {
    return format("%,d", count);
  }

  /** {@code 41.2 %} for 0.412; a dash for NaN. */
  public static String percent(double share) {
    return Double.isNaN(share) ? "–" : format("%.1f %%", 100 * share);
  }

  /** {@code +21.7 points}, the change from one share to another. */
  public static String points(double before, double after) {
    double points = 100 * (after - before);
    return Double.isNaN(points) ? "–" : signed(points) + " points";
  }

  /** {@code +21.7}, {@code −3.0} or {@code ±0.0}. */
  private static String signed(double value) {
    String digits = format("%.1f", Math.abs(value));
    if (digits.equals("0.0")) {
      return "±" + digits;
    }
    return (value < 0 ? "−" : "+") + digits;
  }

  /** {@code 14.2 kB}, in powers of a thousand. */
  public static String bytes(long bytes) {
    double value = bytes;
    String unit = "bytes";
    // 999.95 would round to 1000.0 of the smaller unit.
    for (int i = 0; i < BYTE_UNITS.size() && value >= 999.95; i++) {
      value /= 1000;
      unit = BYTE_UNITS.get(i);
    }
    return unit.equals("bytes") ? bytes + " bytes" : format("%.1f %s", value, unit);
  }

  /** {@code 641}, with decimals for low rates: {@code 8.3}, {@code 0.25}. */
  public static String rate(double perSecond) {
    return format(perSecond >= 100 ? "%,.0f" : perSecond >= 1 ? "%.1f" : "%.2f", perSecond);
  }

  /** {@code 12 s}, {@code 1 m 05 s}, {@code 2 h 07 m}. */
  public static String time(Duration time) {
    long seconds = time.plusMillis(500).toSeconds();
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return format("%d m %02d s", seconds / 60, seconds % 60);
    }
    return format("%d h %02d m", seconds / 3600, seconds % 3600 / 60);
  }

  /** A {@link #time} with tenths below a minute: {@code 8.4 s}. */
  public static String exactTime(Duration time) {
    double seconds = seconds(time);
    return seconds < 59.95 ? format("%.1f s", seconds) : time(time);
  }

  /** A duration in seconds. */
  public static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }

  /** {@code 1.9e-6}: the size of a number near zero. */
  public static String tiny(double value) {
    if (value == 0 || value >= 1e-3) {
      return plain(Math.round(value * 1e3) / 1e3);
    }
    return format("%.1e", value).replaceAll("e([+-])0+(?=\\d)", "e$1");
  }

  /** {@code 0.0001}: the shortest exact form without an exponent. */
  public static String plain(double value) {
    return new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
  }

  public static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
