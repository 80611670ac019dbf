package dev.lora4j.cli.report;

import java.awt.Color;
import java.util.Locale;

/** The colours of the charts: the base's and the adapter's. */
enum ChartColor {
  BASE(0x0072b2),
  LORA(0xd55e00);

  private static final int PALE_ALPHA = 90;

  private final Color color;

  ChartColor(int rgb) {
    color = new Color(rgb);
  }

  /** The colour in a PNG. */
  Color color() {
    return color;
  }

  /** The colour of the points behind a smooth line. */
  Color pale() {
    return new Color(color.getRed(), color.getGreen(), color.getBlue(), PALE_ALPHA);
  }

  /** The CSS class, which follows the colour scheme of the page. */
  String css() {
    return name().toLowerCase(Locale.ROOT);
  }
}
