package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * The ticks of an axis, at round numbers.
 *
 * @param start start of the axis, a tick
 * @param end end of the axis, at or beyond the last value
 * @param step distance between ticks
 */
record Ticks(double start, double end, double step) {

  /** Starts at zero. */
  Ticks(double end, double step) {
    this(0, end, step);
  }

  /**
   * Covers the data with up to {@code most} steps; the axis starts and ends on a tick, and starts
   * at zero if the data come near it.
   */
  static Ticks around(double min, double max, int most) {
    if (!(max > min) || min < (max - min) / 2) {
      return roundUp(max, most);
    }
    double step = niceStep(max - min, most - 1);
    double start = step * Math.floor(min / step + 1e-9);
    return new Ticks(start, step * Math.ceil(max / step - 1e-9), step);
  }

  /** Returns the position of a value along the axis, from 0 to 1. */
  double share(double value) {
    return (value - start) / (end - start);
  }

  /** Covers the data with up to {@code most} steps; the axis ends on a tick. */
  static Ticks roundUp(double max, int most) {
    double step = niceStep(max, most);
    return new Ticks(step * Math.max(1, Math.ceil(max / step - 1e-9)), step);
  }

  /** Covers the data with up to {@code most} steps; the axis ends at the last value. */
  static Ticks exact(double max, int most) {
    return new Ticks(Math.max(max, 1), Math.max(1, niceStep(max, most)));
  }

  private static double niceStep(double max, int most) {
    if (!(max > 0)) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(max / most)));
    return DoubleStream.of(1, 2, 5, 10)
        .map(factor -> factor * power)
        .filter(step -> max / step <= most + 1e-9)
        .findFirst()
        .orElse(10 * power);
  }

  /** Returns the label of a tick; all labels have the same number of decimals. */
  String label(double tick) {
    int decimals = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return NumberFormats.format("%,." + decimals + "f", tick);
  }

  double[] values() {
    return LongStream.rangeClosed(0, Math.round(Math.floor((end - start) / step + 1e-9)))
        .mapToDouble(tick -> start + tick * step)
        .toArray();
  }
}
