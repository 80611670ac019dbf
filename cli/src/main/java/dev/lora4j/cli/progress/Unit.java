package dev.lora4j.cli.progress;

import dev.lora4j.cli.show.NumberFormats;

/** The unit of a progress count. */
public enum Unit {
  STEPS("steps"),
  /** Steps of different sizes, for which steps per second mean little. */
  UNEVEN_STEPS("steps"),
  IMAGES("images"),
  TEXTS("texts"),
  ROWS("rows"),
  TOKENS("tokens"),
  BYTES("bytes");

  private final String plural;

  Unit(String plural) {
    this.plural = plural;
  }

  /** {@code 120/7,500}, or {@code 120} without a total; the width is constant. */
  String count(long done, long total) {
    String count = this == BYTES ? NumberFormats.bytes(done) : NumberFormats.count(done);
    if (total <= 0) {
      return count;
    }
    String all = this == BYTES ? NumberFormats.bytes(total) : NumberFormats.count(total);
    return " ".repeat(Math.max(0, all.length() - count.length())) + count + "/" + all;
  }

  /** {@code 7,500 steps}. */
  String amount(long done) {
    return this == BYTES ? NumberFormats.bytes(done) : NumberFormats.count(done) + " " + plural;
  }

  /** {@code 641 steps/s}; empty for uneven steps. */
  String rate(double perSecond) {
    if (this == UNEVEN_STEPS) {
      return "";
    }
    return this == BYTES
        ? NumberFormats.bytes(Math.round(perSecond)) + "/s"
        : NumberFormats.rate(perSecond) + " " + plural + "/s";
  }
}
