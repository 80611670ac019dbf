package dev.lora4j.cli.report;

import dev.lora4j.train.LossCurve;
import java.util.ArrayList;
import java.util.List;

/** Running means, so that a noisy curve shows where it goes. */
final class Smooth {
  private static final int NEIGHBOURS = 6;

  private Smooth() {}

  /**
   * Each point's mean with its neighbours. At the steep start as many are taken from both sides, so
   * that the first point stays; at the flat end the last ones count together.
   */
  static List<LossCurve.Point> of(List<LossCurve.Point> points) {
    List<LossCurve.Point> smooth = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      int before = Math.min(NEIGHBOURS, i);
      int after = Math.min(before, points.size() - 1 - i);
      double mean =
          points.subList(i - before, i + after + 1).stream()
              .mapToDouble(LossCurve.Point::loss)
              .average()
              .orElseThrow();
      smooth.add(new LossCurve.Point(points.get(i).step(), mean));
    }
    return smooth;
  }
}
