package dev.lora4j.cli.report;

import dev.lora4j.train.LossCurve;
import java.util.List;

/**
 * Two loss curves side by side, on one scale.
 *
 * <p>Only the lines are SVG, and stretch with the page; the text beside them is the page's own, so
 * it stays readable on a phone and follows the colours.
 */
final class LossPlot {
  private static final int LOSS_TICKS = 5;
  private static final int STEP_TICKS = 4;
  private static final int UNITS = 1000;

  private final Ticks losses;

  LossPlot(Ticks losses) {
    this.losses = losses;
  }

  static String html(DemoReport report, Story story) {
    LossPlot plot = new LossPlot(scale(report));
    return "<div class=\"plots\">\n"
        + plot.panel("base", "Base, all classes", report.baseLoss())
        + plot.panel("lora", "LoRA, " + story.tunedNames(), report.loraLoss())
        + "</div>\n";
  }

  /** One scale for both curves, from zero. */
  static Ticks scale(DemoReport report) {
    double max = Math.max(max(report.baseLoss()), max(report.loraLoss()));
    return Ticks.roundUp(max, LOSS_TICKS);
  }

  private static double max(List<LossCurve.Point> points) {
    return points.stream().mapToDouble(LossCurve.Point::loss).max().orElse(0);
  }

  String panel(String style, String title, List<LossCurve.Point> points) {
    if (points.isEmpty()) {
      return "";
    }
    List<LossCurve.Point> smooth = Smooth.of(points);
    Ticks steps = Ticks.exact(points.get(points.size() - 1).step(), STEP_TICKS);
    String fall =
        Numbers.format("%.2f → %.2f", smooth.get(0).loss(), smooth.get(smooth.size() - 1).loss());
    return """
        <figure class="plot %s">
        <figcaption><b>%s</b> <span>%s</span></figcaption>
        <div class="area">
        <svg viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="loss %s">
        %s<polyline class="raw" points="%s"/>
        <polyline class="smooth" points="%s"/>
        </svg>
        %s</div>
        </figure>
        """
        .formatted(
            style,
            Html.escape(title),
            fall,
            UNITS,
            UNITS,
            fall,
            grid(),
            line(points, steps),
            line(smooth, steps),
            labels(steps));
  }

  private String grid() {
    StringBuilder lines = new StringBuilder();
    for (double loss : losses.values()) {
      String y = y(loss);
      lines.append("<line x1=\"0\" x2=\"%d\" y1=\"%s\" y2=\"%s\"/>\n".formatted(UNITS, y, y));
    }
    return lines.toString();
  }

  private String line(List<LossCurve.Point> points, Ticks steps) {
    StringBuilder line = new StringBuilder();
    for (LossCurve.Point point : points) {
      line.append(Numbers.format("%.1f,", UNITS * point.step() / steps.end()))
          .append(y(point.loss()))
          .append(' ');
    }
    return line.toString().strip();
  }

  private String y(double loss) {
    return Numbers.format("%.1f", UNITS * (1 - losses.share(loss)));
  }

  private String labels(Ticks steps) {
    StringBuilder labels = new StringBuilder();
    for (double loss : losses.values()) {
      labels.append(
          "<span class=\"y\" style=\"bottom:%s\">%s</span>\n"
              .formatted(Html.css(losses.share(loss)), losses.label(loss)));
    }
    for (double step : steps.values()) {
      labels.append(
          "<span class=\"x\" style=\"left:%s\">%s</span>\n"
              .formatted(Html.css(step / steps.end()), Numbers.count(Math.round(step))));
    }
    return labels.toString();
  }
}
