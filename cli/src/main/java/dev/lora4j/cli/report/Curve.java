package dev.lora4j.cli.report;

import dev.lora4j.train.LossCurve.Point;
import java.util.ArrayList;
import java.util.List;

/**
 * A loss curve of a chart.
 *
 * @param smooth true to draw the running mean, with pale points; false to draw the points
 */
record Curve(String name, ChartColor color, List<Point> points, boolean smooth) {
  private static final int NEIGHBOURS = 6;

  /** A noisy curve, drawn as its running mean. */
  static Curve smooth(String name, ChartColor color, List<Point> points) {
    return new Curve(name, color, points, true);
  }

  /** A curve of a few exact measurements, with a marker at each. */
  static Curve exact(String name, ChartColor color, List<Point> points) {
    return new Curve(name, color, points, false);
  }

  long lastStep() {
    return points.isEmpty() ? 0 : points.get(points.size() - 1).step();
  }

  /** Returns the points of the line. */
  List<Point> line() {
    return smooth ? runningMean(points) : points;
  }

  /**
   * The mean of each point and its neighbours. At the steep start the window is symmetric, so that
   * the first point keeps its value; at the flat end it shrinks on one side only.
   */
  static List<Point> runningMean(List<Point> points) {
    List<Point> means = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      int before = Math.min(NEIGHBOURS, i);
      int after = Math.min(before, points.size() - 1 - i);
      double mean =
          points.subList(i - before, i + after + 1).stream()
              .mapToDouble(Point::loss)
              .average()
              .orElseThrow();
      means.add(new Point(points.get(i).step(), mean));
    }
    return means;
  }
}
