package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSourceTest {
  private final Path dir;

  DataSourceTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void syntheticNeedsNoFiles() {
    assertThat(of("synthetic").images().describe()).isEqualTo("synthetic shapes");
    assertThat(of("synthetic").note()).isEmpty();
  }

  @Test
  void autoSelectsCifar10WhenAvailable() {
    DataSource source = DataSource.auto(() -> Cifar10.at(dir));

    assertThat(source.images()).isInstanceOf(Cifar10.class);
    assertThat(source.note()).isEmpty();
  }

  @Test
  void autoFallsBackToSyntheticWithAReason() {
    DataSource source =
        DataSource.auto(
            () -> {
              throw new UserError("no address found");
            });

    assertThat(source.images()).isInstanceOf(SyntheticShapes.class);
    assertThat(source.note())
        .hasValue("using synthetic shapes instead of CIFAR-10: no address found");
  }

  @Test
  void pathIsRecognisedAsCifar10OrImageFolders() throws IOException {
    assertThat(of(dir.toString()).images()).isInstanceOf(ImageFolder.class);
    Files.createFile(dir.resolve("data_batch_1.bin"));
    assertThat(of(dir.toString()).images()).isInstanceOf(Cifar10.class);

    Path archive = Files.write(dir.resolve("x"), new byte[] {0x1f, (byte) 0x8b, 8});
    assertThat(of(archive.toString()).images()).isInstanceOf(Cifar10.class);
    Path zip = Files.write(dir.resolve("y"), new byte[] {'P', 'K', 3, 4});
    assertThat(of(zip.toString()).images()).isInstanceOf(ImageFolder.class);
  }

  @Test
  void unknownNameSuggestsTheNearest() {
    assertThatThrownBy(() -> of("cifar-10"))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "unknown data set \"cifar-10\": neither a file nor a directory; did you mean cifar10?");
    assertThatThrownBy(() -> of(dir.resolve("none").toString()))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("valid: auto, cifar10, synthetic");
    assertThatThrownBy(() -> of("")).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> of("a\0b")).isInstanceOf(UserError.class);
  }

  private static DataSource of(String word) {
    return DataSource.of(
        word,
        (long bytes, OptionalLong total) -> {
          throw new AssertionError("a download");
        });
  }
}
