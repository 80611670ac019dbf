package dev.lora4j.vision;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.TensorMemory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Cifar10Test {
  private final Path dir;

  Cifar10Test(@TempDir Path dir) {
    this.dir = dir;
  }

  /**
   * Writes batches with one image of each class, whose bytes are the batch number plus the label.
   */
  private static Map<String, byte[]> sample() {
    Map<String, byte[]> files = new TreeMap<>();
    for (int batch = 1; batch <= 6; batch++) {
      byte[] content = new byte[10 * Cifar10.RECORD];
      for (int label = 0; label < 10; label++) {
        int at = label * Cifar10.RECORD;
        Arrays.fill(content, at, at + Cifar10.RECORD, (byte) (10 * batch + label));
        content[at] = (byte) label;
      }
      files.put(batch == 6 ? "test_batch.bin" : "data_batch_" + batch + ".bin", content);
    }
    files.put("readme.html", new byte[] {1});
    return files;
  }

  @Test
  void archiveAndDirectoryGiveTheSameImages() throws IOException {
    for (Path path : new Path[] {archive(sample(), true), archive(sample(), false), folder()}) {
      assertThat(Cifar10.isAt(path)).as(path.toString()).isTrue();
      try (PointerScope scope = new PointerScope();
          ImageSplits splits = Cifar10.at(path).load(2)) {
        assertThat(splits.train().size()).isEqualTo(50);
        assertThat(splits.test().size()).isEqualTo(10);
        assertThat(splits.train().counts()).containsEntry("airplane", 5L).hasSize(10);
        assertThat(splits.fineTuneClasses()).containsExactly("bird", "cat", "dog");
        assertThat(splits.train().labels().select(0, 13).item_long()).isEqualTo(3);
        assertThat(pixel(splits.train(), 13)).isEqualTo(23);
        assertThat(pixel(splits.test(), 9)).isEqualTo(69);
      }
    }
  }

  @Test
  void classNamesComeFromTheDistribution() throws IOException {
    Map<String, byte[]> files = sample();
    files.put("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".getBytes(UTF_8));
    try (ImageSplits splits = Cifar10.at(archive(files, true)).load(1)) {
      assertThat(splits.classes()).startsWith("a", "b").hasSize(10);
      assertThat(splits.fineTuneClasses()).containsExactly("h", "i", "j");
    }
  }

  @Test
  void truncatedRecordIsNamed() throws IOException {
    Map<String, byte[]> files = sample();
    files.computeIfPresent("data_batch_3.bin", (k, v) -> Arrays.copyOf(v, v.length - 73));

    assertThatThrownBy(() -> Cifar10.at(archive(files, true)).load(1))
        .isInstanceOf(CorruptFile.class)
        .hasMessageEndingWith(
            "data_batch_3.bin, record 9: expected a record of 3073 bytes, found 3000");
  }

  @Test
  void labelOutOfRangeIsNamed() throws IOException {
    Map<String, byte[]> files = sample();
    files.getOrDefault("test_batch.bin", new byte[0])[2 * Cifar10.RECORD] = (byte) 200;

    assertThatThrownBy(() -> Cifar10.at(archive(files, true)).load(1))
        .isInstanceOf(CorruptFile.class)
        .hasMessageEndingWith("test_batch.bin, record 2: expected a label of at most 9, found 200");
  }

  @Test
  void missingBatchIsNamed() throws IOException {
    Map<String, byte[]> files = sample();
    files.remove("data_batch_4.bin");

    assertThatThrownBy(() -> Cifar10.at(archive(files, true)).load(1))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected data_batch_4.bin, found [data_batch_1.bin, data_batch_2");
  }

  @Test
  void damagedOrMissingArchiveIsReported() throws IOException {
    byte[] whole = Files.readAllBytes(archive(sample(), true));
    Path half = Files.write(dir.resolve("half.tar.gz"), Arrays.copyOf(whole, whole.length / 2));

    assertThatThrownBy(() -> Cifar10.at(half).load(1))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("half.tar.gz: cannot be read");
    assertThatThrownBy(() -> Cifar10.at(dir.resolve("none")).load(1))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no such file");
  }

  private static int pixel(ImageSet set, int image) {
    return TensorMemory.of(set.images()).view((long) image * 3072 + 3071, 1).get();
  }

  private Path folder() throws IOException {
    Path inner = Files.createDirectories(dir.resolve("folder/cifar-10-batches-bin"));
    for (Map.Entry<String, byte[]> file : sample().entrySet()) {
      Files.write(inner.resolve(file.getKey()), file.getValue());
    }
    return dir.resolve("folder");
  }

  private Path archive(Map<String, byte[]> files, boolean packed) throws IOException {
    Path path = Files.createTempFile(dir, "cifar", packed ? ".tar.gz" : ".tar");
    try (OutputStream file = Files.newOutputStream(path);
        TarArchiveOutputStream tar =
            new TarArchiveOutputStream(packed ? new GZIPOutputStream(file) : file)) {
      for (Map.Entry<String, byte[]> content : files.entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry("cifar-10-batches-bin/" + content.getKey());
        entry.setSize(content.getValue().length);
        tar.putArchiveEntry(entry);
        tar.write(content.getValue());
        tar.closeArchiveEntry();
      }
    }
    return path;
  }
}
