package dev.lora4j.vision;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Line2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.SplittableRandom;

/** A canvas that draws the images of {@link SyntheticShapes}, one after another. */
final class ShapeCanvas {
  static final int SIZE = 32;

  private static final int NOISE = 40;
  private static final int LEAST_CONTRAST = 180;
  private static final double LARGEST_TILT = Math.toRadians(20);
  private static final int LINES = 2;

  private final BufferedImage image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
  private final Graphics2D graphics = image.createGraphics();
  private final int[] pixels = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();

  ShapeCanvas() {
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
  }

  /** Draws one image as planes {@code [3, 32, 32]}; the result depends on the arguments alone. */
  byte[] draw(ShapeKind kind, long seed, int index) {
    // An odd factor separates neighbouring images: the generator mixes its seed, but seed + index
    // would repeat.
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index);
    Color background = colour(random);
    graphics.setColor(background);
    graphics.fillRect(0, 0, SIZE, SIZE);
    drawLines(random);
    graphics.setColor(contrasting(background, random));
    double angle =
        kind.turnsFreely()
            ? random.nextDouble(2 * Math.PI)
            : random.nextDouble(-LARGEST_TILT, LARGEST_TILT);
    double radius = random.nextDouble(9, 13);
    AffineTransform place = new AffineTransform();
    place.translate(random.nextDouble(13, 19), random.nextDouble(13, 19));
    place.rotate(angle);
    place.scale(radius, radius * random.nextDouble(0.75, 1));
    graphics.fill(place.createTransformedShape(kind.outline()));
    return planes(random);
  }

  /** Draws clutter behind the shape. */
  private void drawLines(SplittableRandom random) {
    for (int i = 0; i < LINES; i++) {
      graphics.setColor(colour(random));
      graphics.setStroke(new BasicStroke((float) random.nextDouble(0.5, 2)));
      graphics.draw(
          new Line2D.Double(
              random.nextDouble(SIZE),
              random.nextDouble(SIZE),
              random.nextDouble(SIZE),
              random.nextDouble(SIZE)));
    }
  }

  private static Color colour(SplittableRandom random) {
    return new Color(random.nextInt(256), random.nextInt(256), random.nextInt(256));
  }

  private static Color contrasting(Color other, SplittableRandom random) {
    while (true) {
      Color colour = colour(random);
      int distance =
          Math.abs(colour.getRed() - other.getRed())
              + Math.abs(colour.getGreen() - other.getGreen())
              + Math.abs(colour.getBlue() - other.getBlue());
      if (distance >= LEAST_CONTRAST) {
        return colour;
      }
    }
  }

  private byte[] planes(SplittableRandom random) {
    byte[] planes = new byte[3 * pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      long bits = random.nextLong();
      for (int c = 0; c < 3; c++) {
        int value = (pixels[i] >> (16 - 8 * c)) & 0xff;
        // The centred sum of two uniform draws: nearly Gaussian, and five times as fast as a
        // Gaussian draw.
        int bell = (int) ((bits >> (16 * c)) & 0xff) + (int) ((bits >> (16 * c + 8)) & 0xff) - 255;
        planes[c * pixels.length + i] =
            (byte) Math.max(0, Math.min(255, value + bell * NOISE / 128));
      }
    }
    return planes;
  }
}
