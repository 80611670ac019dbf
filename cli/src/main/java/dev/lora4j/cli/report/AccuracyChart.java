package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.train.Accuracy;
import java.awt.Color;
import java.util.List;
import java.util.stream.Stream;

/**
 * Accuracy of each class before and after, two bars per class, the fine-tuned classes first: as
 * HTML, where the bars fit any width and can be read aloud, and as PNG.
 */
final class AccuracyChart {
  private static final int MARGINS = 92;
  private static final int SLANTED_ROOM = 60;
  private static final int NARROWEST_CLASS = 26;
  private static final int ROOM_FOR_VALUES = 56;
  private static final int MOST_CLASSES = 90;
  private static final int LONGEST_NAME = 12;
  private static final double BAR = 0.34;
  private static final Ticks SHARES = new Ticks(100, 20);
  private static final Color PALE = new Color(0xf3c6a5);
  private static final String BASE_LABEL = "base";
  private static final String TUNED_LABEL = "with the adapter, fine-tuned class";
  private static final String OTHER_LABEL = "with the adapter, other class";

  private final DemoReport report;

  AccuracyChart(DemoReport report) {
    this.report = report;
  }

  // ---- HTML ----

  String html() {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        <p class="legend"><span><i class="base"></i>%s</span>\
        <span><i class="lora"></i>%s</span>\
        <span><i class="lora pale"></i>%s</span></p>
        """
            .formatted(BASE_LABEL, TUNED_LABEL, OTHER_LABEL));
    group(out, "Fine-tuned", report.fineTuned(), "tuned");
    group(out, "Not in the fine-tuning data", report.others(), "other");
    out.append("<div class=\"bars all\" role=\"list\">\n");
    row(out, "all classes", report.before().all(), report.after().all());
    out.append("</div>\n");
    return out.toString();
  }

  private void group(StringBuilder out, String title, List<String> classes, String style) {
    if (classes.isEmpty()) {
      return;
    }
    out.append("<h3 class=\"%s\">%s</h3>\n".formatted(style, title))
        .append("<div class=\"bars %s\" role=\"list\">\n".formatted(style));
    for (String name : classes) {
      row(
          out,
          name,
          DemoReport.share(report.before(), name),
          DemoReport.share(report.after(), name));
    }
    out.append("</div>\n");
  }

  private static void row(StringBuilder out, String name, double before, double after) {
    out.append(
        """
        <div class="row" role="listitem">
        <span class="name">%s</span>
        <span class="pair">%s%s</span>
        <span class="change">%s</span>
        </div>
        """
            .formatted(
                Html.escape(name),
                bar("base", BASE_LABEL, before),
                bar("lora", "with the adapter", after),
                NumberFormats.points(before, after).replace(" points", "")));
  }

  private static String bar(String style, String spoken, double share) {
    return """
        <span class="bar"><span class="track"><b class="%s" style="width:%s"></b></span>\
        <em><span class="spoken">%s </span>%s</em></span>\
        """
        .formatted(
            style, Html.css(Double.isNaN(share) ? 0 : share), spoken, NumberFormats.percent(share));
  }

  // ---- PNG ----

  byte[] png() {
    List<String> classes =
        Stream.concat(report.fineTuned().stream(), report.others().stream())
            .limit(MOST_CLASSES)
            .toList();
    int width = Math.max(Picture.WIDTH, MARGINS + NARROWEST_CLASS * classes.size());
    double slot = (double) (width - MARGINS) / classes.size();
    boolean slanted = classes.stream().anyMatch(name -> shortened(name).length() * 8 + 16 > slot);
    try (Picture picture =
        new Picture(width, slanted ? SLANTED_ROOM : 0, "Accuracy per class", SHARES, " %")) {
      legend(picture);
      for (int i = 0; i < classes.size(); i++) {
        bars(picture, classes.get(i), picture.area().getMinX() + slot * (i + 0.5), slot, slanted);
      }
      return picture.png();
    }
  }

  private void legend(Picture picture) {
    picture.legend(ChartColor.BASE.color(), BASE_LABEL);
    picture.legend(ChartColor.LORA.color(), star() + TUNED_LABEL);
    if (!report.others().isEmpty()) {
      picture.legend(PALE, OTHER_LABEL);
    }
  }

  private void bars(Picture picture, String name, double middle, double slot, boolean slanted) {
    boolean tuned = report.fineTuned().contains(name);
    double width = slot * BAR;
    bar(picture, middle - width - 1, slot, report.before(), name, ChartColor.BASE.color());
    bar(picture, middle + 1, slot, report.after(), name, tuned ? ChartColor.LORA.color() : PALE);
    String label = (tuned ? star() : "") + shortened(name);
    Color ink = tuned ? ChartColor.LORA.color() : Picture.INK;
    double y = picture.area().getMaxY() + 20;
    if (slanted) {
      picture.slantedLabel(label, ink, middle + 4, y - 6);
    } else {
      picture.label(label, ink, middle, y);
    }
  }

  private static void bar(
      Picture picture, double x, double slot, Accuracy accuracy, String name, Color color) {
    double percent = 100 * DemoReport.share(accuracy, name);
    if (Double.isNaN(percent)) {
      return;
    }
    double width = slot * BAR;
    picture.bar(x, width, percent, color);
    if (slot >= ROOM_FOR_VALUES) {
      picture.smallLabel(
          NumberFormats.format("%.0f", percent),
          Picture.SOFT,
          x + width / 2,
          picture.y(percent) - 9);
    }
  }

  private static String star() {
    return Picture.sign('★', '*') + " ";
  }

  private static String shortened(String name) {
    return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 1) + "…";
  }
}
