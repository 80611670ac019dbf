package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import java.util.List;

/**
 * Points on two axes of one scale, as HTML, with the diagonal on which both values are equal.
 *
 * @param caption what x and y are
 */
record DiagonalChart(String name, String caption, Ticks axis, List<Dot> dots) {
  private static final int UNITS = 1000;

  private static final double SMALLEST = 4; // diameter of a dot in pixels
  private static final double LARGEST = 16;

  /**
   * A point, in the values of the axes.
   *
   * @param share of the largest dot's area, from 0 to 1
   */
  record Dot(double x, double y, double share) {}

  String html() {
    return """
        <div class="plots">
        <figure class="plot %s">
        <figcaption><b>%s</b> <span>%s</span></figcaption>
        <div class="area">
        <svg viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="%s: %s">
        %s<polyline class="raw" points="0,%d %d,0"/>
        %s</svg>
        %s</div>
        </figure>
        </div>
        """
        .formatted(
            ChartColor.LORA.css(),
            Html.escape(name),
            Html.escape(caption),
            UNITS,
            UNITS,
            Html.escape(name),
            Html.escape(caption),
            grid(),
            UNITS,
            UNITS,
            drawnDots(),
            labels());
  }

  private String grid() {
    StringBuilder lines = new StringBuilder();
    for (double value : axis.values()) {
      String y = coordinate(1 - axis.share(value));
      lines.append("<line x1=\"0\" x2=\"%d\" y1=\"%s\" y2=\"%s\"/>\n".formatted(UNITS, y, y));
    }
    return lines.toString();
  }

  /** Empty strokes with round caps. */
  private String drawnDots() {
    StringBuilder drawn = new StringBuilder();
    for (Dot dot : dots) {
      drawn.append(
          "<path class=\"dots\" style=\"stroke-width:%spx\" d=\"M%s,%sh0\"/>\n"
              .formatted(
                  NumberFormats.format(
                      "%.1f", Math.max(SMALLEST, LARGEST * Math.sqrt(dot.share()))),
                  coordinate(axis.share(dot.x())),
                  coordinate(1 - axis.share(dot.y()))));
    }
    return drawn.toString();
  }

  private static String coordinate(double share) {
    return NumberFormats.format("%.1f", UNITS * share);
  }

  private String labels() {
    StringBuilder labels = new StringBuilder();
    for (double value : axis.values()) {
      String place = Html.css(axis.share(value));
      labels.append(
          "<span class=\"y\" style=\"bottom:%s\">%s</span>\n<span class=\"x\" style=\"left:%s\">%s</span>\n"
              .formatted(place, axis.label(value), place, axis.label(value)));
    }
    return labels.toString();
  }
}
