package dev.lora4j.cli;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** An image folder of three classes, one colour each, with eight images per split and class. */
final class ColouredImages {
  private static final List<Color> CLASSES = List.of(Color.BLUE, Color.GREEN, Color.RED);

  private ColouredImages() {}

  static void write(Path root) throws IOException {
    for (String split : new String[] {"train", "test"}) {
      for (int label = 0; label < CLASSES.size(); label++) {
        Path folder = Files.createDirectories(root.resolve(split + "/class" + label));
        draw(folder, CLASSES.get(label));
      }
    }
  }

  /** Some lighter, some darker. */
  private static void draw(Path folder, Color colour) throws IOException {
    for (int i = 0; i < 8; i++) {
      BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
      Graphics2D pen = image.createGraphics();
      pen.setColor(i % 2 == 0 ? colour : colour.darker());
      pen.fillRect(i, i, 20, 20);
      pen.dispose();
      ImageIO.write(image, "png", folder.resolve(i + ".png").toFile());
    }
  }
}
