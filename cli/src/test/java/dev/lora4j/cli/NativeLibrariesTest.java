package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine without the native libraries is told so, whoever asks for them first. */
class NativeLibrariesTest {

  @ParameterizedTest
  @ValueSource(strings = {"demo --data none", "bench train --steps 2"})
  @Timeout(120)
  void areMissedInASentence(String words, @TempDir Path directory)
      throws IOException, InterruptedException {
    Path told = directory.resolve("told.txt");
    Process process =
        MainProcess.of(List.of("-Dorg.bytedeco.javacpp.loadlibraries=false"), words.split(" "))
            .directory(directory.toFile())
            .redirectOutput(told.toFile())
            .start();

    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(Files.readString(told))
        .contains("lora: the native libraries can't be loaded on this machine", "docs/library.md")
        .doesNotContain("\tat ");
  }
}
