package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lora4j.UserError;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  private static final byte[] COLOUR = Fixtures.read("colour.jpg");
  private static final byte[] GREY = Fixtures.read("grey.jpg");

  private final Path dir;

  ImageFolderTest(@TempDir Path dir) {
    this.dir = dir;
  }

  private static Map<String, byte[]> sample() {
    Map<String, byte[]> files = new TreeMap<>();
    for (int i = 0; i < 100; i++) {
      files.put("train/cat/%03d.jpg".formatted(i), i % 3 == 0 ? COLOUR : GREY);
    }
    files.put("train/dog/0.png", Fixtures.read("clear.png"));
    files.put("test/cat/0.jpg", GREY);
    files.put("test/dog/0.jpg", COLOUR);
    return files;
  }

  @Test
  void zipAndDirectoryGiveTheSameForAnyThreadCount() throws IOException {
    Path folder = folder(sample());
    Path zip = zip(sample());
    try (PointerScope scope = new PointerScope();
        ImageSplits one = ImageFolder.at(zip).load(1);
        ImageSplits three = ImageFolder.at(folder).load(3)) {
      assertThat(one.classes()).containsExactly("cat", "dog");
      assertThat(one.train().counts()).isEqualTo(Map.of("cat", 100L, "dog", 1L));
      assertThat(one.test().shape()).isEqualTo(new ImageShape(3, 32, 32));
      assertThat(one.warnings()).isEmpty();
      assertThat(one.train().images().equal(three.train().images())).isTrue();
      assertThat(one.train().labels().equal(three.train().labels())).isTrue();
      assertThat(bytes(one.test().images().select(0, 1))).isEqualTo(Fixtures.read("colour.rgb"));
    }
  }

  @Test
  void foldersAreMatchedByNameWithTheGivenClasses() throws IOException {
    Path zip = zip(sample());
    try (PointerScope scope = new PointerScope();
        ImageSplits splits = ImageFolder.at(zip).labeledBy(List.of("dog", "emu", "cat")).load(2)) {
      assertThat(splits.classes()).containsExactly("dog", "emu", "cat");
      assertThat(splits.train().counts()).isEqualTo(Map.of("dog", 1L, "emu", 0L, "cat", 100L));
      assertThat(splits.test().labels().select(0, 0).item_long()).isEqualTo(2);
    }
    assertThatThrownBy(() -> ImageFolder.at(zip).labeledBy(List.of("dog", "cats")).load(1))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the folder cat is none of the 2 classes; did you mean cats?");
  }

  @Test
  void undecodableImageIsSkippedAndNamed() throws IOException {
    Map<String, byte[]> files = sample();
    files.put("train/cat/001.jpg", Arrays.copyOf(COLOUR, 700));
    files.put("train/cat/002.jpg", new byte[0]);
    try (PointerScope scope = new PointerScope();
        ImageSplits splits = ImageFolder.at(zip(files)).load(2)) {
      assertThat(splits.train().counts()).containsEntry("cat", 98L);
      assertThat(splits.skipped())
          .containsExactly(
              new ImageSplits.Skipped("train/cat/001.jpg", "cut off"),
              new ImageSplits.Skipped("train/cat/002.jpg", "an empty file"));
      assertThat(bytes(splits.train().images().select(0, 1))) // 003.jpg moved up by one
          .isEqualTo(Fixtures.read("colour.rgb"));
    }
  }

  @Test
  void classWithoutReadableImagesIsNamedWithTheReason() throws IOException {
    Map<String, byte[]> files = sample();
    files.put("train/dog/0.png", new byte[] {1, 2, 3});

    assertThatThrownBy(() -> ImageFolder.at(zip(files)).load(2))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("class dog has no image")
        .hasMessageEndingWith("skipped: train/dog/0.png (neither JPEG nor PNG)");
  }

  @Test
  void otherSizesAreResizedAndCounted() throws IOException {
    Map<String, byte[]> files = sample();
    files.put("test/dog/0.jpg", Fixtures.read("large.png"));
    try (ImageSplits splits = ImageFolder.at(zip(files)).load(2)) {
      assertThat(splits.resized()).isEqualTo(1);
      assertThat(splits.test().shape()).isEqualTo(new ImageShape(3, 32, 32));
    }
    try (ImageSplits splits = ImageFolder.at(zip(files)).resizedTo(20, 30).load(2)) {
      assertThat(splits.resized()).isEqualTo(102);
      assertThat(splits.train().shape()).isEqualTo(new ImageShape(3, 20, 30));
    }
  }

  @Test
  void realDataSetLoads() {
    Path zip = shared().resolve("data/cifar10-jpeg.zip");
    assumeTrue(Files.exists(zip), zip + " is not here");
    try (ImageSplits splits = ImageFolder.at(zip).load(2)) {
      assertThat(splits.train().counts())
          .hasSize(10)
          .allSatisfy((c, n) -> assertThat(n).isEqualTo(5000));
      assertThat(splits.test().size()).isEqualTo(10_000);
      assertThat(splits.warnings()).isEmpty();
      assertThat(splits.fineTuneClasses()).containsExactly("bird", "cat", "dog");
    }
  }

  private static Path shared() {
    String set = System.getenv("LORA4J_SHARED");
    return set == null ? Path.of("../../shared") : Path.of(set);
  }

  private Path folder(Map<String, byte[]> files) throws IOException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = dir.resolve("folder").resolve(file.getKey());
      Files.createDirectories(path.resolve(".."));
      Files.write(path, file.getValue());
    }
    return dir.resolve("folder");
  }

  private Path zip(Map<String, byte[]> files) throws IOException {
    Path path = Files.createTempFile(dir, "images", ".zip");
    try (OutputStream out = Files.newOutputStream(path);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue());
        zip.closeEntry();
      }
    }
    return path;
  }

  private static byte[] bytes(Tensor tensor) {
    byte[] bytes = new byte[(int) tensor.nbytes()];
    dev.lora4j.io.TensorMemory.of(tensor).view(0, bytes.length).get(bytes);
    return bytes;
  }
}
