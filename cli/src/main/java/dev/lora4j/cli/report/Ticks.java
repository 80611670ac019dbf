package dev.lora4j.cli.report;

import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * Round numbers along an axis.
 *
 * @param start the axis's beginning, a tick
 * @param end the axis's end, which is as far as the data or a little farther
 * @param step from one tick to the next
 */
record Ticks(double start, double end, double step) {

  /** From zero. */
  Ticks(double end, double step) {
    this(0, end, step);
  }

  /**
   * Up to {@code most} steps about data that are far from zero; the axis begins and ends on a tick,
   * at zero where the data come near it.
   */
  static Ticks around(double min, double max, int most) {
    if (!(max > min) || min < (max - min) / 2) {
      return roundUp(max, most);
    }
    double step = niceStep(max - min, most - 1);
    double start = step * Math.floor(min / step + 1e-9);
    return new Ticks(start, step * Math.ceil(max / step - 1e-9), step);
  }

  /** How far along the axis a value is, from 0 to 1. */
  double share(double value) {
    return (value - start) / (end - start);
  }

  /** Up to {@code most} steps; the axis ends on a tick. */
  static Ticks roundUp(double max, int most) {
    double step = niceStep(max, most);
    return new Ticks(step * Math.max(1, Math.ceil(max / step - 1e-9)), step);
  }

  /** Up to {@code most} steps; the axis ends with the data. */
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

  /** A tick's number, with as many digits as all ticks need: {@code 1.0} beside {@code 1.5}. */
  String label(double tick) {
    int decimals = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return Numbers.format("%,." + decimals + "f", tick);
  }

  double[] values() {
    return LongStream.rangeClosed(0, Math.round(Math.floor((end - start) / step + 1e-9)))
        .mapToDouble(tick -> start + tick * step)
        .toArray();
  }
}
