package dev.lora4j.cli;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;

/** A folder of small images whose classes differ in colour. */
final class Pictures {
  static final List<String> CLASSES = List.of("bird", "cat", "dog", "frog");

  private Pictures() {}

  static void write(Path folder, int train, int test) throws IOException {
    Random random = new Random(1);
    for (int label = 0; label < CLASSES.size(); label++) {
      write(folder.resolve("train").resolve(CLASSES.get(label)), train, label, random);
      write(folder.resolve("test").resolve(CLASSES.get(label)), test, label, random);
    }
  }

  private static void write(Path folder, int count, int label, Random random) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < count; i++) {
      BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
      for (int pixel = 0; pixel < 32 * 32; pixel++) {
        float hue = label / 4f + random.nextFloat() / 8;
        image.setRGB(pixel % 32, pixel / 32, Color.HSBtoRGB(hue, 1, random.nextFloat()));
      }
      ImageIO.write(image, "png", folder.resolve(i + ".png").toFile());
    }
  }
}
