package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  private static final Path ENDLESS = Path.of("/dev/zero");

  @TempDir Path directory;

  @Test
  void fileUpToTheLimitIsRead() throws IOException {
    Path file = Files.write(directory.resolve("a"), new byte[] {1, 2, 3});
    assertThat(WholeFile.read(file, 3)).containsExactly(1, 2, 3);
    assertThat(WholeFile.read(Files.createFile(directory.resolve("b")), 3)).isEmpty();
  }

  @Test
  void largerFileIsRefused() throws IOException {
    Path file = Files.write(directory.resolve("a"), new byte[4]);
    assertThatThrownBy(() -> WholeFile.read(file, 3))
        .isInstanceOf(CorruptFile.class)
        .hasMessage(file + ": expected at most 3 bytes, found 4 or more");
  }

  @Test
  @EnabledIf("hasEndlessDevice")
  void endlessDeviceIsRefused() {
    assertThatThrownBy(() -> WholeFile.read(ENDLESS, 1000)).isInstanceOf(CorruptFile.class);
  }

  static boolean hasEndlessDevice() {
    return Files.exists(ENDLESS);
  }
}
