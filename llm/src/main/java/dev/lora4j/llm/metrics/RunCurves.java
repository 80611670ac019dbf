package dev.lora4j.llm.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.train.LossCurve;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Losses of a run for plotting: means over windows of training steps, and each evaluation. */
public record RunCurves(List<LossCurve.Point> train, List<LossCurve.Point> valid) {
  private static final int POINTS = 200;

  public RunCurves {
    train = List.copyOf(train);
    valid = List.copyOf(valid);
  }

  /**
   * Reads the metrics of a run, including the parts before interruptions.
   *
   * @throws dev.lora4j.UserError if the file can't be read
   */
  public static RunCurves read(Path directory) {
    List<JsonNode> lines = MetricsFile.read(directory.resolve(RunMetrics.FILE));
    return new RunCurves(windows(points(lines, "loss")), points(lines, "valid_loss"));
  }

  static List<LossCurve.Point> points(List<JsonNode> lines, String key) {
    return lines.stream()
        .filter(line -> line.path(key).isNumber())
        .map(line -> new LossCurve.Point(line.path("step").asLong(), line.path(key).asDouble()))
        .toList();
  }

  private static List<LossCurve.Point> windows(List<LossCurve.Point> points) {
    int width = Math.max(1, points.size() / POINTS);
    List<LossCurve.Point> windows = new ArrayList<>();
    for (int begin = 0; begin < points.size(); begin += width) {
      List<LossCurve.Point> window = points.subList(begin, Math.min(points.size(), begin + width));
      double mean = window.stream().mapToDouble(LossCurve.Point::loss).average().orElse(0);
      windows.add(new LossCurve.Point(window.get(window.size() - 1).step(), mean));
    }
    return windows;
  }

  public long steps() {
    return both().mapToLong(LossCurve.Point::step).max().orElse(0);
  }

  /** The maximum loss; 0 without any. */
  public double greatest() {
    return both().mapToDouble(LossCurve.Point::loss).max().orElse(0);
  }

  /** The minimum loss; 0 without any. */
  public double least() {
    return both().mapToDouble(LossCurve.Point::loss).min().orElse(0);
  }

  private Stream<LossCurve.Point> both() {
    return Stream.concat(train.stream(), valid.stream());
  }
}
