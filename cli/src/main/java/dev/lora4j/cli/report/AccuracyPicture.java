package dev.lora4j.cli.report;

import java.awt.Color;
import java.util.List;
import java.util.stream.Stream;

/** Accuracy of each class before and after, as PNG: two bars each, the fine-tuned classes first. */
final class AccuracyPicture {
  private static final int WIDTH = 820;
  private static final int HEIGHT = 440;
  private static final int BOTTOM = 52;
  private static final int BOTTOM_SLANTED = 112;
  private static final int MARGINS = 92;
  private static final int NARROWEST_CLASS = 26;
  private static final int ROOM_FOR_VALUES = 56;
  private static final int MOST_CLASSES = 90;
  private static final int LONGEST_NAME = 12;
  private static final double BAR = 0.34;
  private static final Ticks SHARES = new Ticks(100, 20);

  private final DemoReport report;
  private final List<String> classes;
  private final double slot;
  private final boolean slanted;
  private final Picture picture;
  private final String star;

  private AccuracyPicture(DemoReport report) {
    this.report = report;
    classes =
        Stream.concat(report.fineTuned().stream(), report.others().stream())
            .limit(MOST_CLASSES)
            .toList();
    int width = Math.max(WIDTH, MARGINS + NARROWEST_CLASS * classes.size());
    slot = (double) (width - MARGINS) / classes.size();
    slanted = classes.stream().anyMatch(name -> shortened(name).length() * 8 + 16 > slot);
    int bottom = slanted ? BOTTOM_SLANTED : BOTTOM;
    picture =
        new Picture(
            width, HEIGHT + bottom - BOTTOM, bottom, "Accuracy, class by class", SHARES, " %");
    star = Picture.sign('★', '*') + " ";
  }

  static byte[] png(DemoReport report) {
    AccuracyPicture drawing = new AccuracyPicture(report);
    try (Picture picture = drawing.picture) {
      drawing.draw();
      return picture.png();
    }
  }

  private void draw() {
    picture.legend(Picture.BASE, "base");
    picture.legend(Picture.LORA, star + "with the adapter, fine-tuned class");
    if (!report.others().isEmpty()) {
      picture.legend(Picture.PALE, "with the adapter, other class");
    }
    for (int i = 0; i < classes.size(); i++) {
      draw(classes.get(i), picture.area().getMinX() + slot * (i + 0.5));
    }
  }

  private void draw(String name, double middle) {
    boolean tuned = report.fineTuned().contains(name);
    double width = slot * BAR;
    double before = 100 * DemoReport.share(report.before(), name);
    double after = 100 * DemoReport.share(report.after(), name);
    bar(middle - width - 1, width, before, Picture.BASE);
    bar(middle + 1, width, after, tuned ? Picture.LORA : Picture.PALE);
    String label = (tuned ? star : "") + shortened(name);
    double y = picture.area().getMaxY() + 20;
    if (slanted) {
      picture.slantedLabel(label, tuned ? Picture.LORA : Picture.INK, middle + 4, y - 6);
    } else {
      picture.label(label, tuned ? Picture.LORA : Picture.INK, middle, y);
    }
  }

  private void bar(double x, double width, double percent, Color color) {
    if (Double.isNaN(percent)) {
      return;
    }
    picture.bar(x, width, percent, color);
    if (slot >= ROOM_FOR_VALUES) {
      picture.smallLabel(
          Numbers.format("%.0f", percent), Picture.SOFT, x + width / 2, picture.y(percent) - 9);
    }
  }

  private static String shortened(String name) {
    return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 1) + "…";
  }
}
