package dev.lora4j.train;

import java.util.ArrayList;
import java.util.List;

/** The loss over the steps, averaged over windows of steps for plotting. */
public final class LossCurve {
  private static final int POINTS = 200;

  private final long window;
  private final List<Point> points = new ArrayList<>();
  private double sum;
  private long count;
  private long lastStep;

  LossCurve(long steps) {
    window = Math.max(1, steps / POINTS);
  }

  void add(long step, double loss) {
    sum += loss;
    count++;
    lastStep = step;
    if (count == window) {
      closeWindow();
    }
  }

  void finish() {
    if (count > 0) {
      closeWindow();
    }
  }

  private void closeWindow() {
    points.add(new Point(lastStep, sum / count));
    sum = 0;
    count = 0;
  }

  public List<Point> points() {
    return List.copyOf(points);
  }

  /** The mean loss of a window of steps, at its last step. */
  public record Point(long step, double loss) {}
}
