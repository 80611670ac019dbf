package dev.lora4j.cli;

import dev.lora4j.cli.report.Numbers;

/** What progress counts. */
enum Unit {
  STEPS("steps"),
  /** Steps of different sizes: how many of them a second says little. */
  UNEVEN_STEPS("steps"),
  IMAGES("images"),
  TOKENS("tokens"),
  BYTES("bytes");

  private final String plural;

  Unit(String plural) {
    this.plural = plural;
  }

  /** {@code 120/7,500}, or without a goal {@code 120}; as wide for the first as for the last. */
  String count(long done, long total) {
    String count = this == BYTES ? Numbers.bytes(done) : Numbers.count(done);
    if (total <= 0) {
      return count;
    }
    String goal = this == BYTES ? Numbers.bytes(total) : Numbers.count(total);
    return " ".repeat(Math.max(0, goal.length() - count.length())) + count + "/" + goal;
  }

  /** {@code 7,500 steps}. */
  String amount(long done) {
    return this == BYTES ? Numbers.bytes(done) : Numbers.count(done) + " " + plural;
  }

  /** {@code 641 steps/s}; empty if that is not told. */
  String rate(double perSecond) {
    if (this == UNEVEN_STEPS) {
      return "";
    }
    return this == BYTES
        ? Numbers.bytes(Math.round(perSecond)) + "/s"
        : Numbers.rate(perSecond) + " " + plural + "/s";
  }
}
