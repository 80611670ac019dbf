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

/** Missing native libraries are reported in a sentence, whichever thread needs them first. */
class NativeLibrariesTest {

  @ParameterizedTest
  @ValueSource(strings = {"demo --data none", "bench train --steps 2"})
  @Timeout(120)
  void missingNativeLibrariesAreReportedInASentence(String words, @TempDir Path directory)
      throws IOException, InterruptedException {
    Path output = directory.resolve("output.txt");
    Process process =
        MainProcess.of(List.of("-Dorg.bytedeco.javacpp.loadlibraries=false"), words.split(" "))
            .directory(directory.toFile())
            .redirectOutput(output.toFile())
            .start();

    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(Files.readString(output))
        .contains("lora: the native libraries can't be loaded on this machine", "docs/library.md")
        .doesNotContain("\tat ");
  }
}
