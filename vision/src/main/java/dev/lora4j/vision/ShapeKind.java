package dev.lora4j.vision;

import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The classes of {@link SyntheticShapes}, each with its outline in [−1, 1]². */
enum ShapeKind {
  BARS(bands(true), false),
  CHECKER(checker(), false),
  CIRCLE(disc(0, 0, 1), true),
  CROSS(cross(), true),
  DOTS(dots(), true),
  RING(ring(), true),
  SQUARE(new Rectangle2D.Double(-0.85, -0.85, 1.7, 1.7), true),
  STAR(polygon(10, 0.42), true),
  STRIPES(bands(false), false),
  TRIANGLE(polygon(3, 1), true);

  @SuppressWarnings("ImmutableEnumChecker") // shapes are only drawn
  private final Shape outline;

  private final boolean turnsFreely;

  ShapeKind(Shape outline, boolean turnsFreely) {
    this.outline = outline;
    this.turnsFreely = turnsFreely;
  }

  Shape outline() {
    return outline;
  }

  /** Returns whether the shape may have any angle; bars turned too far look like stripes. */
  boolean turnsFreely() {
    return turnsFreely;
  }

  /** Returns all class names, in label order. */
  static List<String> names() {
    return Arrays.stream(values()).map(kind -> kind.name().toLowerCase(Locale.ROOT)).toList();
  }

  private static Shape disc(double x, double y, double radius) {
    return new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
  }

  private static Shape ring() {
    Area area = new Area(disc(0, 0, 1));
    area.subtract(new Area(disc(0, 0, 0.55)));
    return area;
  }

  private static Shape cross() {
    Area area = new Area(new Rectangle2D.Double(-1, -0.3, 2, 0.6));
    area.add(new Area(new Rectangle2D.Double(-0.3, -1, 0.6, 2)));
    return area;
  }

  private static Shape dots() {
    Path2D path = new Path2D.Double();
    for (int row = -1; row <= 1; row++) {
      for (int column = -1; column <= 1; column++) {
        path.append(disc(column * 0.75, row * 0.75, 0.25), false);
      }
    }
    return path;
  }

  private static Shape checker() {
    Path2D path = new Path2D.Double();
    for (int row = 0; row < 4; row++) {
      for (int column = row % 2; column < 4; column += 2) {
        path.append(new Rectangle2D.Double(column * 0.5 - 1, row * 0.5 - 1, 0.5, 0.5), false);
      }
    }
    return path;
  }

  private static Shape bands(boolean upright) {
    Path2D path = new Path2D.Double();
    for (double at = -1; at < 1; at += 0.8) {
      path.append(
          upright ? new Rectangle2D.Double(at, -1, 0.4, 2) : new Rectangle2D.Double(-1, at, 2, 0.4),
          false);
    }
    return path;
  }

  /** Returns a polygon with its corners on the unit circle, every other one at the inner radius. */
  private static Shape polygon(int corners, double inner) {
    Path2D path = new Path2D.Double();
    for (int i = 0; i < corners; i++) {
      double angle = 2 * Math.PI * i / corners - Math.PI / 2;
      double radius = i % 2 == 0 ? 1 : inner;
      double x = radius * Math.cos(angle);
      double y = radius * Math.sin(angle);
      if (i == 0) {
        path.moveTo(x, y);
      } else {
        path.lineTo(x, y);
      }
    }
    path.closePath();
    return path;
  }
}
