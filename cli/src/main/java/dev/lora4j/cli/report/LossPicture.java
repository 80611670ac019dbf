package dev.lora4j.cli.report;

import dev.lora4j.train.LossCurve;
import java.awt.Color;
import java.util.List;

/** The base's loss over its steps, and from where it ends the adapter's, as PNG. */
final class LossPicture {
  private static final int WIDTH = 820;
  private static final int HEIGHT = 440;
  private static final int BOTTOM = 52;
  private static final int STEP_TICKS = 8;
  private static final int FAINT = 90;

  private LossPicture() {}

  static byte[] png(DemoReport report, Story story) {
    long baseSteps = lastStep(report.baseLoss());
    Ticks steps = Ticks.exact(baseSteps + lastStep(report.loraLoss()), STEP_TICKS);
    try (Picture picture =
        new Picture(WIDTH, HEIGHT, BOTTOM, "Loss over the steps", LossPlot.scale(report), "")) {
      picture.legend(Picture.BASE, "base, all classes");
      picture.legend(Picture.LORA, "LoRA, " + story.tunedNames());
      for (double step : steps.values()) {
        double y = picture.area().getMaxY() + 20;
        picture.label(Numbers.count(Math.round(step)), Picture.SOFT, x(picture, step, steps), y);
      }
      curve(picture, report.baseLoss(), 0, steps, Picture.BASE);
      curve(picture, report.loraLoss(), baseSteps, steps, Picture.LORA);
      return picture.png();
    }
  }

  private static long lastStep(List<LossCurve.Point> points) {
    return points.isEmpty() ? 0 : points.get(points.size() - 1).step();
  }

  private static double x(Picture picture, double step, Ticks steps) {
    return picture.area().getMinX() + picture.area().getWidth() * step / steps.end();
  }

  private static void curve(
      Picture picture, List<LossCurve.Point> points, long firstStep, Ticks steps, Color color) {
    double[] xs =
        points.stream().mapToDouble(p -> x(picture, firstStep + p.step(), steps)).toArray();
    Color faint = new Color(color.getRed(), color.getGreen(), color.getBlue(), FAINT);
    picture.curve(xs, losses(points), faint, 1);
    picture.curve(xs, losses(Smooth.of(points)), color, 2.5f);
  }

  private static double[] losses(List<LossCurve.Point> points) {
    return points.stream().mapToDouble(LossCurve.Point::loss).toArray();
  }
}
