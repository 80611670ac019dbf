package dev.lora4j.vision;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZipTreeTest {
  private final Path dir;

  ZipTreeTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void entryThatExpandsBeyondTheBoundIsRefused() throws IOException {
    Path path = dir.resolve("bomb.zip");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
      zip.putNextEntry(new ZipEntry("train/a/1.jpg"));
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i <= 64; i++) {
        zip.write(zeros);
      }
    }
    try (ZipTree tree = ZipTree.open(path)) {
      assertThatThrownBy(() -> tree.read("train/a/1.jpg"))
          .isInstanceOf(IOException.class)
          .hasMessage("size differs from the archive's directory, or is too large");
    }
  }

  @Test
  void damagedEntryIsDetected() throws IOException {
    Path path = dir.resolve("damaged.zip");
    byte[] content = "some content".getBytes(US_ASCII);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
      ZipEntry entry = new ZipEntry("x");
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(content.length);
      java.util.zip.CRC32 checksum = new java.util.zip.CRC32();
      checksum.update(content);
      entry.setCrc(checksum.getValue());
      zip.putNextEntry(entry);
      zip.write(content);
    }
    byte[] file = Files.readAllBytes(path);
    file[new String(file, US_ASCII).indexOf("some")] = 'S';
    Files.write(path, file);
    try (ZipTree tree = ZipTree.open(path)) {
      assertThat(tree.names()).containsExactly("x");
      assertThatThrownBy(() -> tree.read("x")).hasMessageContaining("wrong checksum");
      assertThatThrownBy(() -> tree.read("y")).hasMessage("no such entry");
    }
  }

  @Test
  void missingFileOrOtherFormatIsReported() throws IOException {
    Path text = Files.writeString(dir.resolve("text"), "no zip archive at all");
    assertThatThrownBy(() -> ZipTree.open(text))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected a zip archive");
    assertThatThrownBy(() -> ZipTree.open(dir.resolve("none")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no such file");
  }
}
