package dev.lora4j.cli.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/**
 * A chart's paper: a title, a legend, a scale on the left, and room to draw. It measures in points,
 * of which each is two pixels wide, so that it is crisp on any screen.
 */
final class Picture implements AutoCloseable {
  static final Color INK = new Color(0x1d232b);
  static final Color SOFT = new Color(0x5a6472);
  static final Color BASE = new Color(0x0072b2);
  static final Color LORA = new Color(0xd55e00);
  static final Color PALE = new Color(0xf3c6a5);
  private static final Color RULE = new Color(0xe3e1dc);

  private static final int PIXELS_A_POINT = 2;
  private static final int LEFT = 64;
  private static final int TOP = 92;
  private static final int MARGIN = 28;
  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 18);
  private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
  private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

  /** Where the middle of a text's line goes. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  private final BufferedImage image;
  private final Graphics2D graphics;
  private final Ticks scale;
  private final Rectangle2D area;
  private double legendEnd = LEFT;

  Picture(int width, int height, int bottom, String title, Ticks scale, String unit) {
    image =
        new BufferedImage(
            PIXELS_A_POINT * width, PIXELS_A_POINT * height, BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.scale(PIXELS_A_POINT, PIXELS_A_POINT);
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    this.scale = scale;
    area = new Rectangle2D.Double(LEFT, TOP, width - LEFT - MARGIN, height - TOP - bottom);
    rectangle(new Rectangle2D.Double(0, 0, width, height), Color.WHITE);
    text(title, TITLE, INK, LEFT, 34, Anchor.START);
    for (double tick : scale.values()) {
      line(area.getMinX(), y(tick), area.getMaxX(), y(tick), RULE);
      text(scale.label(tick) + unit, TEXT, SOFT, LEFT - 10, y(tick), Anchor.END);
    }
  }

  /** A colour's meaning, beside the one before. */
  void legend(Color color, String meaning) {
    rectangle(new Rectangle2D.Double(legendEnd, 59, 20, 9), color);
    text(meaning, TEXT, SOFT, legendEnd + 28, 63.5, Anchor.START);
    legendEnd += 28 + width(meaning) + 24;
  }

  Rectangle2D area() {
    return area;
  }

  /** The height of a value. */
  double y(double value) {
    return area.getMaxY() - area.getHeight() * scale.share(value);
  }

  /** A bar from the bottom up. */
  void bar(double x, double width, double value, Color color) {
    rectangle(new Rectangle2D.Double(x, y(value), width, area.getMaxY() - y(value)), color);
  }

  void curve(double[] xs, double[] values, Color color, float width) {
    Path2D path = new Path2D.Double();
    for (int i = 0; i < xs.length; i++) {
      if (i == 0) {
        path.moveTo(xs[i], y(values[i]));
      } else {
        path.lineTo(xs[i], y(values[i]));
      }
    }
    graphics.setColor(color);
    graphics.setStroke(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(path);
  }

  void label(String text, Color color, double x, double y) {
    text(text, TEXT, color, x, y, Anchor.MIDDLE);
  }

  void smallLabel(String text, Color color, double x, double y) {
    text(text, SMALL, color, x, y, Anchor.MIDDLE);
  }

  /** A label that ends at a place and rises to it. */
  void slantedLabel(String text, Color color, double x, double y) {
    graphics.rotate(-Math.PI / 4, x, y);
    text(text, TEXT, color, x, y, Anchor.END);
    graphics.rotate(Math.PI / 4, x, y);
  }

  double width(String text) {
    return graphics.getFontMetrics(TEXT).getStringBounds(text, graphics).getWidth();
  }

  /** The sign, or where the font lacks it another. */
  static String sign(char sign, char other) {
    return Character.toString(TEXT.canDisplay(sign) ? sign : other);
  }

  private void text(String text, Font font, Color color, double x, double y, Anchor anchor) {
    graphics.setFont(font);
    graphics.setColor(color);
    double width = graphics.getFontMetrics().getStringBounds(text, graphics).getWidth();
    double start =
        switch (anchor) {
          case START -> x;
          case MIDDLE -> x - width / 2;
          case END -> x - width;
        };
    // Digits and capitals are some 0.72 of a font's size high: this puts their middle on y.
    graphics.drawString(text, (float) start, (float) (y + 0.36 * font.getSize()));
  }

  private void line(double x1, double y1, double x2, double y2, Color color) {
    graphics.setColor(color);
    graphics.setStroke(new BasicStroke(1));
    graphics.draw(new Line2D.Double(x1, y1, x2, y2));
  }

  private void rectangle(Rectangle2D rectangle, Color color) {
    graphics.setColor(color);
    graphics.fill(rectangle);
  }

  byte[] png() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.setUseCache(false);
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    graphics.dispose();
  }
}
