package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.io.SafetensorsFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no SIGINT to send")
class InterruptTest {

  @Test
  @Timeout(120)
  void ctrlCLeavesTheLastCheckpointComplete(@TempDir Path directory)
      throws IOException, InterruptedException {
    Path data = directory.resolve("pictures");
    Path out = directory.resolve("report");
    Pictures.write(data, 40, 4);
    Process demo =
        start("demo", "--data", data.toString(), "--out", out.toString(), "--epochs", "100000");
    Path checkpoint = out.resolve("base.safetensors");
    while (demo.isAlive() && !Files.exists(checkpoint)) {
      Thread.sleep(20);
    }

    new ProcessBuilder(List.of("kill", "-INT", Long.toString(demo.pid()))).start().waitFor();
    String output = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(demo.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(demo.exitValue()).isEqualTo(130);
    assertThat(output).contains("interrupted; saved so far: " + checkpoint);
    try (SafetensorsFile file = SafetensorsFile.open(checkpoint)) {
      assertThat(file.names()).contains("conv1.weight", "fc3.bias").hasSize(12);
    }
  }

  @Test
  @Timeout(120)
  void badInputIsNotReportedAsAnInterruption() throws IOException, InterruptedException {
    Process train = start("train", "--model", TrainCommandTest.MODEL, "--data", "gone");
    String output = new String(train.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(train.waitFor()).isEqualTo(2);
    assertThat(output).contains("gone").doesNotContain("interrupted");
  }

  private static Process start(String... arguments) throws IOException {
    return MainProcess.of(arguments).start();
  }
}
