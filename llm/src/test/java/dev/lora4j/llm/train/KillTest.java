package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run whose process is killed, twice, and resumed gives the same result as an uninterrupted one.
 */
class KillTest {
  private static final String LAST = "checkpoint-" + KilledRun.STEPS;

  @Test
  @Timeout(180)
  void killedAndResumedIsTheSameBitForBit(@TempDir Path directory)
      throws IOException, InterruptedException {
    Path killed = directory.resolve("killed");
    Path whole = directory.resolve("whole");
    killAtStep(30, killed, false);
    killAtStep(70, killed, true);
    assertThat(end(killed, true)).isEqualTo(end(whole, false));
    try (Stream<Path> entries = Files.list(killed)) {
      assertThat(entries.map(entry -> entry.getFileName().toString()))
          .noneMatch(name -> name.startsWith("."));
    }
    for (String file :
        List.of(
            "adapter_model.safetensors",
            LAST + "/adapter_model.safetensors",
            LAST + "/training_state.safetensors")) {
      assertSameTensors(killed.resolve(file), whole.resolve(file));
    }
  }

  /** Every part of a run has a process of its own, as on the command line. */
  private static Process start(Path directory, boolean resumed) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            KilledRun.class.getName(),
            directory.toString(),
            Boolean.toString(resumed))
        .redirectErrorStream(true)
        .start();
  }

  /** Returns training loss, validation loss and the step of the adapter, to the last digit. */
  private static String end(Path directory, boolean resumed)
      throws IOException, InterruptedException {
    Process run = start(directory, resumed);
    try (BufferedReader lines = run.inputReader(StandardCharsets.UTF_8)) {
      List<String> all = lines.lines().toList();
      assertThat(run.waitFor()).as(String.join("\n", all)).isZero();
      return all.stream().filter(line -> line.startsWith("end ")).findFirst().orElseThrow();
    }
  }

  private static void killAtStep(long step, Path directory, boolean resumed)
      throws IOException, InterruptedException {
    Process run = start(directory, resumed);
    List<String> told = new ArrayList<>();
    try (BufferedReader lines = run.inputReader(StandardCharsets.UTF_8)) {
      String line;
      while ((line = lines.readLine()) != null && !line.equals("step " + step)) {
        told.add(line);
      }
      assertThatThrownBy(() -> LanguageModelTrainer.requireUnused(directory))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "%s is in use: process %d is training there; wait for its end, or choose another"
                  + " directory",
              directory, run.pid());
      run.destroyForcibly(); // SIGKILL
      assertThat(line).as(String.join("\n", told)).isNotNull();
    }
    assertThat(run.waitFor()).isNotZero();
    String first = told.stream().filter(line -> line.startsWith("step ")).findFirst().orElseThrow();
    assertThat(first.equals("step 1")).as("begins with " + first).isEqualTo(!resumed);
  }

  private static void assertSameTensors(Path one, Path other) {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile found = SafetensorsFile.open(one);
        SafetensorsFile expected = SafetensorsFile.open(other)) {
      assertThat(found.names()).isEqualTo(expected.names());
      for (String name : found.names()) {
        TensorAssert.assertThat(found.read(name)).as(name).isExactly(expected.read(name));
      }
    }
  }
}
