package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RgbImageTest {

  @ParameterizedTest
  @CsvSource({"small, 8, 8", "large, 50, 40"})
  void resizedImageEqualsPillows(String name, int height, int width) throws IOException {
    try (ImageDecoder decoder = new ImageDecoder()) {
      RgbImage image = decoder.decode(Fixtures.read("large.png"));
      assertThat(image.hasSize(20, 30)).isTrue();

      RgbImage resized = image.resized(height, width);

      assertThat(resized.hasSize(height, width)).isTrue();
      assertThat(Fixtures.distance(resized.planes(), Fixtures.read(name + ".rgb")))
          .isLessThanOrEqualTo(1); // Pillow rounds to bytes between the two passes
    }
  }
}
