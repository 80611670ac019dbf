package dev.lora4j.row;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code y = W x + b + Σ scale · B A x} of single rows.
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}
 * @param updates the low-rank ones
 */
public record RowLinear(PlainMatrix weight, Optional<Row> bias, List<LowRank> updates) {

  /**
   * {@code scale · B A x}.
   *
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   */
  public record LowRank(PlainMatrix a, PlainMatrix b, float scale) {}

  public RowLinear {
    updates = List.copyOf(updates);
  }

  /** The same with another update. */
  public RowLinear plus(LowRank update) {
    List<LowRank> more = new ArrayList<>(updates);
    more.add(update);
    return new RowLinear(weight, bias, more);
  }

  /** How many features the updates have together. */
  int ranks() {
    return updates.stream().mapToInt(update -> Math.toIntExact(update.a().rows())).sum();
  }

  /** Writes the updates' features, {@code A x}, from a place on. */
  void features(Row x, Row features, int place) {
    for (LowRank update : updates) {
      update.a().multiply(x.from(0), 1, features.from(place));
      place += Math.toIntExact(update.a().rows());
    }
  }

  /** Computes some outputs, and writes them from a place on. */
  void outputs(Row x, Row features, int featuresPlace, long first, long count, Row y, int place) {
    PlainMatrix some = weight.rows(first, count);
    some.multiply(x.from(0), 1, y.from(place));
    bias.ifPresent(b -> y.add(b, first, count, place));
    for (LowRank update : updates) {
      PlainMatrix b = update.b().rows(first, count);
      b.addProduct(features.from(featuresPlace), update.scale(), y.from(place));
      featuresPlace += Math.toIntExact(update.a().rows());
    }
  }
}
