package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.train.TrainingCallback;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run whose process is killed, twice, and resumed ends as one that nobody disturbed. */
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
    LanguageModelTrainingResult last = KilledRun.run(killed, true, TrainingCallback.NONE);

    LanguageModelTrainingResult undisturbed = KilledRun.run(whole, false, TrainingCallback.NONE);
    assertThat(last.trainLoss()).isEqualTo(undisturbed.trainLoss());
    assertThat(last.validLossAfter()).isEqualTo(undisturbed.validLossAfter());
    assertThat(last.adapterStep()).isEqualTo(undisturbed.adapterStep());
    for (String file :
        List.of(
            "adapter_model.safetensors",
            LAST + "/adapter_model.safetensors",
            LAST + "/training_state.safetensors")) {
      assertSameTensors(killed.resolve(file), whole.resolve(file));
    }
  }

  private static void killAtStep(long step, Path directory, boolean resumed)
      throws IOException, InterruptedException {
    Process run =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                KilledRun.class.getName(),
                directory.toString(),
                Boolean.toString(resumed))
            .redirectErrorStream(true)
            .start();
    List<String> told = new ArrayList<>();
    try (BufferedReader lines = run.inputReader(StandardCharsets.UTF_8)) {
      String line;
      while ((line = lines.readLine()) != null && !line.equals("step " + step)) {
        told.add(line);
      }
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
