package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageDecoderTest {

  /** The last column is the largest difference from Pillow's bytes. */
  @ParameterizedTest
  @CsvSource({
    "colour.jpg, 0",
    "full.jpg, 0",
    "grey.jpg, 0",
    "greypng.png, 0",
    "clear.png, 0",
    "palette.png, 0",
  })
  void decodedImagesEqualPillows(String name, int tolerance) throws IOException {
    try (ImageDecoder decoder = new ImageDecoder()) {
      RgbImage image = decoder.decode(Fixtures.read(name));

      byte[] expected = Fixtures.read(name.replaceAll("\\..*", ".rgb"));
      assertThat(image.hasSize(32, 32)).isTrue();
      assertThat(Fixtures.distance(image.planes(), expected)).isLessThanOrEqualTo(tolerance);
    }
  }

  /** A colour profile or Adobe's marker selects the general path. */
  @Test
  void generalPathIsWithinRoundingOfTheFastPath() throws IOException {
    byte[] plain = Fixtures.read("full.jpg");
    byte[] marked = new byte[plain.length + 6];
    System.arraycopy(plain, 0, marked, 0, 20); // up to the end of the JFIF header
    System.arraycopy(new byte[] {(byte) 0xff, (byte) 0xee, 0, 4, 0, 0}, 0, marked, 20, 6);
    System.arraycopy(plain, 20, marked, 26, plain.length - 20);
    assertThat(JpegColours.isPlain(plain)).isTrue();
    assertThat(JpegColours.isPlain(marked)).isFalse();

    try (ImageDecoder decoder = new ImageDecoder()) {
      int distance = Fixtures.distance(decoder.decode(marked).planes(), Fixtures.read("full.rgb"));
      assertThat(distance).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void undecodableFileReportsTheReasonAndTheDecoderRecovers() throws IOException {
    byte[] good = Fixtures.read("colour.jpg");
    try (ImageDecoder decoder = new ImageDecoder()) {
      assertThatThrownBy(() -> decoder.decode(new byte[0])).hasMessage("an empty file");
      assertThatThrownBy(
              () -> decoder.decode("GIF89a".getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
          .hasMessage("neither JPEG nor PNG");
      assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(good, 700))).hasMessage("cut off");
      int withoutEnd = good.length - 2;
      assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(good, withoutEnd)))
          .hasMessage("cut off");
      byte[] png = Fixtures.read("clear.png");
      assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(png, 100)))
          .isInstanceOf(IOException.class);

      assertThat(decoder.decode(good).planes()).isEqualTo(Fixtures.read("colour.rgb"));
    }
  }

  @Test
  void hugeImageInHeaderIsRefusedBeforeAllocation() {
    byte[] png = Fixtures.read("clear.png");
    png[16] = 0x20; // width 2^29 + 32
    java.util.zip.CRC32 checksum = new java.util.zip.CRC32();
    checksum.update(png, 12, 17);
    java.nio.ByteBuffer.wrap(png).putInt(29, (int) checksum.getValue());

    try (ImageDecoder decoder = new ImageDecoder()) {
      assertThatThrownBy(() -> decoder.decode(png)).hasMessageContaining("pixels are too many");
    }
  }

  @Property(tries = 500)
  void byteFlipGivesAnImageOrAnIoException(
      @ForAll boolean jpeg, @ForAll @IntRange(max = 2000) int at, @ForAll byte value) {
    byte[] file = Fixtures.read(jpeg ? "colour.jpg" : "palette.png");
    file[at % file.length] = value;
    try (ImageDecoder decoder = new ImageDecoder()) {
      RgbImage image = decoder.decode(file);
      assertThat(image.planes()).hasSize(3 * image.width() * image.height());
    } catch (IOException expected) {
      assertThat(expected).hasMessageMatching("(?s).+");
    }
  }
}
