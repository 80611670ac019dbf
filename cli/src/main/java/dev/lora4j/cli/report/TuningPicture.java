package dev.lora4j.cli.report;

import dev.lora4j.models.metrics.RunCurves;
import dev.lora4j.train.LossCurve;
import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.List;

/** The loss over a run's steps, and that of what was held back, as PNG. */
final class TuningPicture {
  private static final int WIDTH = 820;
  private static final int HEIGHT = 440;
  private static final int BOTTOM = 52;
  private static final int STEP_TICKS = 8;
  private static final int LOSS_TICKS = 5;
  private static final Color FAINT = new Color(0x0072b2 | (90 << 24), true);

  private TuningPicture() {}

  static byte[] png(RunCurves curves) {
    Ticks steps = Ticks.exact(curves.steps(), STEP_TICKS);
    try (Picture picture =
        new Picture(WIDTH, HEIGHT, BOTTOM, "Loss over the steps", scale(curves), "")) {
      picture.legend(Picture.BASE, "trained on");
      if (!curves.valid().isEmpty()) {
        picture.legend(Picture.LORA, "held back");
      }
      for (double step : steps.values()) {
        double y = picture.area().getMaxY() + 20;
        picture.label(Numbers.count(Math.round(step)), Picture.SOFT, x(picture, step, steps), y);
      }
      curve(picture, curves.train(), steps, FAINT, 1);
      curve(picture, Smooth.of(curves.train()), steps, Picture.BASE, 2.5f);
      curve(picture, curves.valid(), steps, Picture.LORA, 2.5f);
      return picture.png();
    }
  }

  /** About the losses: a language model starts far from zero and stays there. */
  static Ticks scale(RunCurves curves) {
    return Ticks.around(curves.least(), curves.greatest(), LOSS_TICKS);
  }

  private static void curve(
      Picture picture, List<LossCurve.Point> points, Ticks steps, Color color, float width) {
    double[] xs = points.stream().mapToDouble(p -> x(picture, p.step(), steps)).toArray();
    picture.curve(xs, points.stream().mapToDouble(LossCurve.Point::loss).toArray(), color, width);
  }

  private static double x(Picture picture, double step, Ticks steps) {
    Rectangle2D area = picture.area();
    return area.getMinX() + area.getWidth() * step / steps.end();
  }
}
