package dev.lora4j.cli.report;

import dev.lora4j.train.LossCurve;
import java.util.ArrayList;
import java.util.List;

/** Running means, so that a noisy curve shows where it goes. */
final class Smooth {
  private static final int NEIGHBOURS = 6;

  private Smooth() {}

  /** Each point's mean with its neighbours on both sides, fewer but as many on each at the ends. */
  static List<LossCurve.Point> of(List<LossCurve.Point> points) {
    List<LossCurve.Point> smooth = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      int reach = Math.min(NEIGHBOURS, Math.min(i, points.size() - 1 - i));
      double mean =
          points.subList(i - reach, i + reach + 1).stream()
              .mapToDouble(LossCurve.Point::loss)
              .average()
              .orElseThrow();
      smooth.add(new LossCurve.Point(points.get(i).step(), mean));
    }
    return smooth;
  }
}
