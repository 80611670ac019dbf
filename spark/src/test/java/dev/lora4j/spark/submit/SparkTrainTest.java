package dev.lora4j.spark.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.spark.ClusterResult;
import dev.lora4j.spark.ClusterSettings;
import dev.lora4j.spark.LocalCluster;
import dev.lora4j.spark.exchange.Reduction;
import dev.lora4j.spark.exchange.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkTrainTest {
  private final Path directory;

  SparkTrainTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void theOptionsFileOfTheCommandLineTrainsOnACluster() throws IOException {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path config =
        Files.writeString(
            directory.resolve("train.yaml"),
            "model: %s\nrank: 2\nsteps: 3\nlearning-rate: 1e-3\nvalidation-split: 0\n"
                .formatted(model));
    Path data =
        Files.writeString(
            directory.resolve("rows.jsonl"),
            "{\"prompt\":\"one\",\"completion\":\"two\"}\n".repeat(6));
    ClusterResult result =
        SparkTrain.train(
            LocalCluster.threads(),
            SubmitOptions.of(
                "--config=" + config,
                "--data",
                data.toString(),
                "--out",
                directory.resolve("out").toString(),
                "--executors=2",
                "--reduce=ordered"));
    assertThat(result.steps()).isEqualTo(3);
    assertThat(result.workers()).isEqualTo(2);
    assertThat(directory.resolve("out/adapter_model.safetensors")).exists();
    Path written = directory.resolve("out/adapter_config.json");
    int rank = new ObjectMapper().readTree(written.toFile()).get("r").asInt();
    assertThat(rank).isEqualTo(2);
    assertThat(directory.resolve("out/run.yaml"))
        .content()
        .contains(
            "paths-relative-to: file",
            "data: \"./data.jsonl\"",
            "out: \".\"",
            "model: \"" + model + "\"",
            "workers: 2",
            "rank: 2",
            "steps: 3");
  }

  @Test
  void optionsAreRead() {
    SubmitOptions options =
        SubmitOptions.of(
            "--config=a.yaml",
            "--data",
            "b",
            "--out=c",
            "--workers",
            "4",
            "--reduce",
            "ordered",
            "--transport=spark",
            "--timeout=5",
            "--resume");

    assertThat(options.config()).isEqualTo("a.yaml");
    assertThat(options.data()).isEqualTo("b");
    assertThat(options.settings().output()).isEqualTo("c");
    assertThat(options.settings().workers()).isEqualTo(4);
    assertThat(options.settings().executors()).isZero();
    assertThat(options.settings().reduction()).isEqualTo(Reduction.ORDERED);
    assertThat(options.settings().transport()).isEqualTo(Transport.SPARK);
    assertThat(options.settings().timeout()).isEqualTo(Duration.ofMinutes(5));
    assertThat(options.settings().resumes()).isTrue();
  }

  @Test
  void mistakesAreNamed() {
    assertMistake("unknown option '--dat'; did you mean data", "--dat=x");
    assertMistake("--out is required", "--config=a", "--data=b");
    assertMistake("--workers: expected a number, found 'x'", "--out=c", "--workers=x");
    assertMistake("--reduce: no 'orderd'; did you mean ordered?", "--out=c", "--reduce=orderd");
    assertMistake("--data: expected a value", "--data");
    assertMistake("--timeout: expected at least 1 minute, found 0", "--out=c", "--timeout=0");
    assertMistake(
        "--resume: expected true or false, found 'no'",
        "--config=a",
        "--data=b",
        "--out=c",
        "--resume=no");
  }

  @Test
  void resumingIsSwitchedOff() {
    SubmitOptions options = SubmitOptions.of("--config=a", "--data=b", "--out=c", "--resume=false");

    assertThat(options.settings().resumes()).isFalse();
    assertThat(options.settings().timeout()).isEqualTo(ClusterSettings.DEFAULT_TIMEOUT);
  }

  @Test
  void missingDataEndWithTheStatusOfAMistake() throws IOException {
    Path config = Files.writeString(directory.resolve("train.yaml"), "model: base\n");
    Path missing = directory.resolve("missing.parquet");
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    LocalCluster.threads(); // the program's session

    int status =
        SparkTrain.run(
            new PrintStream(OutputStream.nullOutputStream()),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "--config=" + config,
            "--data=" + missing,
            "--out=" + directory.resolve("out"));

    assertThat(status).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .singleElement()
        .asString()
        .startsWith("Error: --data: cannot read " + missing);
  }

  @Test
  void settingsOfAFileThatAClusterDoesNotFollowAreRefused() {
    assertRefused("model: base\ndevice: cuda\n", "leave out 'device', found 'cuda'");
    assertRefused("model: base\nresume: true\n", "resume");
    assertRefused("model: net.pt\n", "a TorchScript file is trained on one machine");
    assertRefused("model: base\ntask: text-classification\n", "'task' is trained on one machine");
  }

  private static void assertRefused(String yaml, String message) {
    assertThatThrownBy(() -> new YamlRecipe("train.yaml", yaml).create())
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll("train.yaml", message);
  }

  private static void assertMistake(String message, String... arguments) {
    assertThatThrownBy(() -> SubmitOptions.of(arguments))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message);
  }
}
