package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.train.LossCurve.Point;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import javax.imageio.ImageIO;

/**
 * The canvas of a chart: a title, a legend, a scale on the left, and an area to draw in. Units are
 * points of two pixels each, so that the PNG is sharp on any screen.
 */
final class Picture implements AutoCloseable {
  static final Color INK = new Color(0x1d232b);
  static final Color SOFT = new Color(0x5a6472);
  private static final Color RULE = new Color(0xe3e1dc);

  static final int WIDTH = 820;
  private static final int HEIGHT = 440;
  private static final int BOTTOM = 52;
  private static final int PIXELS_PER_POINT = 2;
  private static final double DOT = 7;
  private static final int LEFT = 64;
  private static final int TOP = 92;
  private static final int MARGIN = 28;
  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 18);
  private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
  private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

  /** The horizontal alignment of a text. */
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

  /** A canvas of the standard size. */
  Picture(String title, Ticks scale, String unit) {
    this(WIDTH, 0, title, scale, unit);
  }

  /**
   * A canvas of any width.
   *
   * @param room additional height below the area
   */
  Picture(int width, int room, String title, Ticks scale, String unit) {
    int height = HEIGHT + room;
    int bottom = BOTTOM + room;
    image =
        new BufferedImage(
            PIXELS_PER_POINT * width, PIXELS_PER_POINT * height, BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.scale(PIXELS_PER_POINT, PIXELS_PER_POINT);
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

  /** Adds an entry to the legend. */
  void legend(Color color, String meaning) {
    rectangle(new Rectangle2D.Double(legendEnd, 59, 20, 9), color);
    text(meaning, TEXT, SOFT, legendEnd + 28, 63.5, Anchor.START);
    legendEnd += 28 + width(meaning) + 24;
  }

  Rectangle2D area() {
    return area;
  }

  /** Returns the y coordinate of a value. */
  double y(double value) {
    return area.getMaxY() - area.getHeight() * scale.share(value);
  }

  /** Draws a bar from the bottom of the area. */
  void bar(double x, double width, double value, Color color) {
    rectangle(new Rectangle2D.Double(x, y(value), width, area.getMaxY() - y(value)), color);
  }

  /** Labels the horizontal axis with steps. */
  void steps(Ticks steps) {
    for (double step : steps.values()) {
      label(NumberFormats.count(Math.round(step)), SOFT, x(step, steps), area.getMaxY() + 20);
    }
  }

  private double x(double step, Ticks steps) {
    return area.getMinX() + area.getWidth() * step / steps.end();
  }

  /** Draws a line through points; their steps count from {@code start}. */
  void curve(List<Point> points, long start, Ticks steps, Color color, float width) {
    Path2D path = new Path2D.Double();
    for (Point point : points) {
      double x = x(start + point.step(), steps);
      if (path.getCurrentPoint() == null) {
        path.moveTo(x, y(point.loss()));
      } else {
        path.lineTo(x, y(point.loss()));
      }
    }
    graphics.setColor(color);
    graphics.setStroke(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(path);
  }

  /** Draws a dot at each point. */
  void dots(List<Point> points, Ticks steps, Color color) {
    graphics.setColor(color);
    for (Point point : points) {
      double x = x(point.step(), steps) - DOT / 2;
      graphics.fill(new Ellipse2D.Double(x, y(point.loss()) - DOT / 2, DOT, DOT));
    }
  }

  void label(String text, Color color, double x, double y) {
    text(text, TEXT, color, x, y, Anchor.MIDDLE);
  }

  void smallLabel(String text, Color color, double x, double y) {
    text(text, SMALL, color, x, y, Anchor.MIDDLE);
  }

  /** Draws a rising label that ends at the given position. */
  void slantedLabel(String text, Color color, double x, double y) {
    graphics.rotate(-Math.PI / 4, x, y);
    text(text, TEXT, color, x, y, Anchor.END);
    graphics.rotate(Math.PI / 4, x, y);
  }

  double width(String text) {
    return graphics.getFontMetrics(TEXT).getStringBounds(text, graphics).getWidth();
  }

  /** Returns the sign, or a substitute if the font lacks it. */
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
    // Digits and capitals are about 0.72 of the font size high: this centres them on y.
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
