package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.train.LossCurve.Point;
import java.util.List;

/**
 * Loss curves on one scale: as HTML panels side by side, and as one PNG.
 *
 * <p>In HTML only the lines are SVG, and stretch with the page; the labels are text of the page, so
 * that they stay readable on a phone and follow the colour scheme.
 *
 * @param losses the loss axis
 * @param consecutive true if each curve of the PNG starts where the previous one ends
 * @param curves the curves
 */
record LossChart(Ticks losses, boolean consecutive, List<Curve> curves) {
  private static final int LOSS_TICKS = 5;
  private static final int PANEL_STEP_TICKS = 4;
  private static final int STEP_TICKS = 8;
  private static final int UNITS = 1000;

  /** The base's curve and the adapter's; the losses start at zero. */
  static LossChart of(DemoReport report, ReportText text) {
    Curve base = Curve.smooth("Base, all classes", ChartColor.BASE, report.baseLoss());
    Curve lora = Curve.smooth("LoRA, " + text.tunedNames(), ChartColor.LORA, report.loraLoss());
    double max = Math.max(max(base), max(lora));
    return new LossChart(Ticks.roundUp(max, LOSS_TICKS), true, List.of(base, lora));
  }

  /** Training and validation loss; they may stay far from zero. */
  static LossChart of(RunCurves run) {
    Curve train = Curve.smooth("Training loss", ChartColor.BASE, run.train());
    Curve valid = Curve.exact("Validation loss", ChartColor.LORA, run.valid());
    Ticks losses = Ticks.around(run.least(), run.greatest(), LOSS_TICKS);
    return new LossChart(
        losses, false, run.valid().isEmpty() ? List.of(train) : List.of(train, valid));
  }

  private static double max(Curve curve) {
    return curve.points().stream().mapToDouble(Point::loss).max().orElse(0);
  }

  // ---- HTML ----

  String html() {
    StringBuilder panels = new StringBuilder("<div class=\"plots\">\n");
    curves.stream()
        .filter(curve -> !curve.points().isEmpty())
        .map(this::panel)
        .forEach(panels::append);
    return panels.append("</div>\n").toString();
  }

  private String panel(Curve curve) {
    List<Point> line = curve.line();
    Ticks steps = Ticks.exact(curve.lastStep(), PANEL_STEP_TICKS);
    String change =
        NumberFormats.format("%.2f → %.2f", line.get(0).loss(), line.get(line.size() - 1).loss());
    return """
        <figure class="plot %s">
        <figcaption><b>%s</b> <span>%s</span></figcaption>
        <div class="area">
        <svg viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="loss %s">
        %s%s<polyline class="line" points="%s"/>
        </svg>
        %s</div>
        </figure>
        """
        .formatted(
            curve.color().css(),
            Html.escape(curve.name()),
            change,
            UNITS,
            UNITS,
            change,
            grid(),
            points(curve, steps),
            coordinates(line, steps),
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

  /**
   * A pale line behind a smooth one, else a dot for each point: an empty stroke with round caps.
   */
  private String points(Curve curve, Ticks steps) {
    String coordinates = coordinates(curve.points(), steps);
    return curve.smooth()
        ? "<polyline class=\"raw\" points=\"%s\"/>\n".formatted(coordinates)
        : "<path class=\"dots\" d=\"M%sh0\"/>\n".formatted(coordinates.replace(" ", "h0M"));
  }

  private String coordinates(List<Point> points, Ticks steps) {
    StringBuilder line = new StringBuilder();
    for (Point point : points) {
      line.append(NumberFormats.format("%.1f,", UNITS * point.step() / steps.end()))
          .append(y(point.loss()))
          .append(' ');
    }
    return line.toString().strip();
  }

  private String y(double loss) {
    return NumberFormats.format("%.1f", UNITS * (1 - losses.share(loss)));
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
              .formatted(Html.css(step / steps.end()), NumberFormats.count(Math.round(step))));
    }
    return labels.toString();
  }

  // ---- PNG ----

  byte[] png() {
    Ticks steps = Ticks.exact(lastStep(), STEP_TICKS);
    try (Picture picture = new Picture("Loss over the steps", losses, "")) {
      picture.steps(steps);
      long start = 0;
      for (Curve curve : curves) {
        picture.legend(curve.color().color(), curve.name());
        draw(picture, curve, start, steps);
        start += consecutive ? curve.lastStep() : 0;
      }
      return picture.png();
    }
  }

  private long lastStep() {
    return consecutive
        ? curves.stream().mapToLong(Curve::lastStep).sum()
        : curves.stream().mapToLong(Curve::lastStep).max().orElse(0);
  }

  private static void draw(Picture picture, Curve curve, long start, Ticks steps) {
    if (curve.smooth()) {
      picture.curve(curve.points(), start, steps, curve.color().pale(), 1);
    } else {
      picture.dots(curve.points(), steps, curve.color().color());
    }
    picture.curve(curve.line(), start, steps, curve.color().color(), 2.5f);
  }
}
