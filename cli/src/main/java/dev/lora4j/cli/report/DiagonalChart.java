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

  /** A point, in the values of the axes. */
  record Dot(double x, double y) {}

  String html() {
    return """
        <div class="plots">
        <figure class="plot %s">
        <figcaption><b>%s</b> <span>%s</span></figcaption>
        <div class="area">
        <svg viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="%s: %s">
        %s<polyline class="raw" points="0,%d %d,0"/>
        <path class="dots" d="%s"/>
        </svg>
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
            path(),
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
  private String path() {
    StringBuilder path = new StringBuilder();
    for (Dot dot : dots) {
      path.append('M')
          .append(coordinate(axis.share(dot.x())))
          .append(',')
          .append(coordinate(1 - axis.share(dot.y())))
          .append("h0");
    }
    return path.toString();
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
