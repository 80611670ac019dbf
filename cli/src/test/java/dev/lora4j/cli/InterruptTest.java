package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.train.LanguageModelTrainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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

    signal("-INT", demo);
    String output = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(demo.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(demo.exitValue()).isEqualTo(130);
    assertThat(output).contains("interrupted; saved so far: " + checkpoint);
    try (SafetensorsFile file = SafetensorsFile.open(checkpoint)) {
      assertThat(file.names()).contains("conv1.weight", "fc3.bias").hasSize(12);
    }
  }

  @Test
  @Timeout(240)
  void sigtermNamesTheLastCheckpointEvenIfAnEarlierPartOfTheRunWroteIt(@TempDir Path directory)
      throws IOException, InterruptedException {
    SmallTraining training = SmallTraining.in(directory);
    Path out = directory.resolve("out");
    Process first =
        start(
            "train",
            "--model",
            training.model().toString(),
            "--data",
            training.chats().toString(),
            "--out",
            out.toString(),
            "--epochs",
            "100000",
            "--save-steps",
            "30",
            "--eval-steps",
            "1000000");
    while (first.isAlive() && !Files.exists(out.resolve("checkpoint-30"))) {
      Thread.sleep(20);
    }
    assertThat(terminated(first)).contains("interrupted; saved so far: " + out + "/checkpoint-");

    FileTime before = Files.getLastModifiedTime(out.resolve("metrics.jsonl"));
    Process second = start("train", "--resume", "--out", out.toString());
    while (second.isAlive()
        && Files.getLastModifiedTime(out.resolve("metrics.jsonl")).equals(before)) {
      Thread.sleep(2);
    }
    assertThat(terminated(second))
        .contains("interrupted; saved so far: " + out + "/checkpoint-")
        .contains("resume with: lora train --resume --out " + out);
    assertThat(out.resolve(".lock")).exists();
    LanguageModelTrainer.requireUnused(out);
    assertThat(out.resolve(".lock")).doesNotExist();
  }

  /** Ends a process by SIGTERM and returns its output. */
  private static String terminated(Process process) throws IOException, InterruptedException {
    signal("-TERM", process);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isEqualTo(143);
    return output;
  }

  @Test
  @Timeout(120)
  void badInputIsNotReportedAsAnInterruption() throws IOException, InterruptedException {
    Process train = start("train", "--model", TrainCommandTest.MODEL, "--data", "gone");
    String output = new String(train.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(train.waitFor()).isEqualTo(2);
    assertThat(output).contains("gone").doesNotContain("interrupted");
  }

  private static void signal(String name, Process process)
      throws IOException, InterruptedException {
    new ProcessBuilder(List.of("kill", name, Long.toString(process.pid()))).start().waitFor();
  }

  private static Process start(String... arguments) throws IOException {
    return MainProcess.of(arguments).start();
  }
}
