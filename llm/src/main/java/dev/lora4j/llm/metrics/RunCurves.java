package dev.lora4j.llm.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.train.LossCurve;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Losses of a run for plotting: means over windows of training steps, and each evaluation. */
public record RunCurves(List<LossCurve.Point> train, List<LossCurve.Point> valid) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int POINTS = 200;

  public RunCurves {
    train = List.copyOf(train);
    valid = List.copyOf(valid);
  }

  /** Reads the metrics of a run, including the parts before interruptions. */
  public static RunCurves read(Path directory) {
    Path file = directory.resolve(RunMetrics.FILE);
    List<LossCurve.Point> train = new ArrayList<>();
    List<LossCurve.Point> valid = new ArrayList<>();
    try {
      for (String line : MetricsFile.lines(file, Long.MAX_VALUE - 1)) {
        JsonNode json = JSON.readTree(line);
        add(train, json, "loss");
        add(valid, json, "valid_loss");
      }
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
    return new RunCurves(windows(train), valid);
  }

  private static void add(List<LossCurve.Point> points, JsonNode line, String key) {
    if (line.path(key).isNumber()) {
      points.add(new LossCurve.Point(line.path("step").asLong(), line.path(key).asDouble()));
    }
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
