package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trains adapters for a small language model, and checks the files of the run. */
class LanguageTrainCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final Path model;
  private final Path chats;
  private final SmallTraining training;

  LanguageTrainCommandTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
    model = training.model();
    chats = training.chats();
  }

  private CommandLineRun train(Path data, Path out, String... more) {
    return training.train(data, out, more);
  }

  private static List<JsonNode> metrics(Path out) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("metrics.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  // ---- training ----

  @Test
  void trainingWritesTheAdapterAndTheFilesOfTheRun() throws IOException {
    Path out = directory.resolve("out");
    CommandLineRun run =
        train(
            chats,
            out,
            "--epochs",
            "8",
            "--learning-rate",
            "1e-2",
            "--target-modules",
            "q_proj",
            "--target-modules",
            "v_proj,down_proj",
            "--dropout",
            "0.1",
            "--rank",
            "4",
            "--alpha",
            "8",
            "--json");
    JsonNode result = json(run);

    assertThat(result.at("/valid_loss_after").asDouble())
        .isLessThan(result.at("/valid_loss_before").asDouble() - 0.5);
    assertThat(result.at("/train_loss").asDouble()).isPositive();
    assertThat(result.at("/tokens_per_s").asDouble()).isPositive();
    assertThat(result.at("/seconds").asDouble()).isPositive();
    assertThat(result.at("/steps").asLong()).isEqualTo(80); // 38 of 40 in batches of 4
    assertThat(result.has("peak_rss_mb")).isTrue();
    assertThat(result.at("/adapter_bytes").asLong())
        .isEqualTo(
            Files.size(out.resolve("adapter_model.safetensors"))
                + Files.size(out.resolve("adapter_config.json")));
    assertThat(run.err())
        .contains("conversations (messages): trains every answer", "40 examples of 40 rows")
        .containsPattern(
            "Trainable parameters: [\\d,]+ of [\\d,]+ \\([\\d.]+ %\\), q_proj, v_proj, down_proj")
        .contains("Validation loss: ", "With the adapter:", "report.html");
    assertThat(out)
        .isDirectoryContaining("glob:**/tokenizer.json")
        .isDirectoryContaining("glob:**/tokenizer_config.json")
        .isDirectoryContaining("glob:**/chat_template.jinja")
        .isDirectoryContaining("glob:**/loss.png");
    assertThat(Files.readString(out.resolve("report.html")))
        .contains("Sample", "validation", "lora train --config");
    JsonNode origin = JSON.readTree(Files.readString(out.resolve("origin.json")));
    assertThat(origin.at("/base/sha256").asText())
        .isEqualTo(
            JSON.readTree(Files.readString(out.resolve("run.json"))).at("/base_sha256").asText());
    assertThat(origin.at("/data/0/sha256").asText()).hasSize(64);
    assertThat(origin.at("/versions/libtorch").asText()).isNotEmpty();
  }

  @Test
  void metricsHaveOneLinePerStepAndOnePerEvaluation() throws IOException {
    Path out = directory.resolve("out");
    JsonNode result =
        json(train(chats, out, "--steps", "7", "--eval-steps", "3", "--packing", "--json"));

    List<JsonNode> lines = metrics(out);
    assertThat(lines.stream().filter(line -> line.has("loss"))).hasSize(7);
    assertThat(
            lines.stream()
                .filter(line -> line.has("valid_loss"))
                .map(line -> line.path("step").asInt()))
        .containsExactly(0, 3, 6, 7);
    assertThat(lines.get(0).path("valid_loss").asDouble())
        .isEqualTo(result.at("/valid_loss_before").asDouble());
    JsonNode step = lines.get(1);
    assertThat(step.path("learning_rate").asDouble()).isEqualTo(2e-4);
    assertThat(step.path("tokens").asLong()).isPositive();
    assertThat(step.path("gradient_norm").asDouble()).isPositive();
  }

  @Test
  void runYamlRepeatsTheRunBitForBit() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    json(
        train(
            chats,
            first,
            "--steps",
            "4",
            "--seed",
            "7",
            "--target-modules",
            "k_proj,o_proj",
            "--init",
            "gaussian",
            "--loraplus-lr-ratio",
            "16",
            "--gradient-checkpointing",
            "--system-prompt",
            "You count.",
            "--json"));
    CommandLineRun again =
        CommandLineRun.of(
            "train",
            "--config",
            first.resolve("run.yaml").toString(),
            "--out",
            second.toString(),
            "--json");
    json(again);

    assertThat(second.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(first.resolve("adapter_model.safetensors"));
    assertThat(Files.readString(second.resolve("run.yaml")))
        .isEqualTo(Files.readString(first.resolve("run.yaml")).replace("first", "second"))
        .contains("target-modules: [\"k_proj\",\"o_proj\"]", "alpha: 16.0", "workers: 2");
  }

  @Test
  void preferenceDataAreTrainedByDpo() throws IOException {
    Path data = SmallLanguageModel.preferences(directory.resolve("pairs.jsonl"), 20);
    CommandLineRun run =
        train(data, directory.resolve("out"), "--epochs", "6", "--learning-rate", "1e-2", "--json");
    JsonNode result = json(run);

    assertThat(result.at("/valid_loss_before").asDouble()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(result.at("/valid_loss_after").asDouble()).isLessThan(0.3);
    assertThat(run.err()).contains("direct preference optimisation, beta 0.1");
    assertRefused(train(chats, directory.resolve("b"), "--dpo"), "chosen, rejected");
    assertRefused(train(chats, directory.resolve("b"), "--beta", "0.2"), "has no parameter beta");
  }

  @Test
  void plainTextTrainsWithoutValidationSplit() throws IOException {
    Path text = Files.writeString(directory.resolve("a.txt"), "To be, or not to be. ".repeat(60));
    JsonNode result =
        json(
            train(
                text,
                directory.resolve("out"),
                "--validation-split",
                "0",
                "--max-seq-length",
                "32",
                "--sample-prompt",
                "To be",
                "--json"));

    assertThat(result.at("/valid_loss_before").isNull()).isTrue();
    assertThat(result.at("/valid_loss_after").isNull()).isTrue();
    assertThat(result.at("/steps").asLong()).isPositive();
  }

  @Test
  void sampleIsGeneratedWithTheSavedAdapter() throws IOException {
    Path out = directory.resolve("out");
    String[] how = {
      "--init",
      "pissa",
      "--steps",
      "200",
      "--eval-steps",
      "1",
      "--early-stopping-patience",
      "1",
      "--learning-rate",
      "2",
      "--lr-scheduler",
      "constant",
      "--json"
    };
    CommandLineRun run = train(chats, out, append(how, "--sample-prompt", "one"));

    assertThat(json(run).at("/adapter_step").asLong()).isLessThan(json(run).at("/steps").asLong());
    CommandLineRun kept =
        CommandLineRun.of(
            "generate",
            "--model",
            model.toString(),
            "--adapter",
            out.toString(),
            "--prompt",
            "one",
            "--max-new-tokens",
            "64",
            "--json");
    assertThat(run.err())
        .contains("With the adapter:\n" + json(kept).at("/text").asText().strip().indent(2));
  }

  @Test
  void evaInitialisesTheAdapterFromTheData() throws IOException {
    Path out = directory.resolve("out");
    String[] how = {
      "--init", "eva", "--rank", "4", "--steps", "4", "--learning-rate", "1e-2", "--json"
    };
    CommandLineRun run = train(chats, out, how);

    JsonNode result = json(run);
    assertThat(run.err()).contains("adapter from the layers' inputs (EVA)");
    assertThat(result.at("/valid_loss_after").asDouble())
        .isLessThan(result.at("/valid_loss_before").asDouble());
    JsonNode config = JSON.readTree(Files.readString(out.resolve("adapter_config.json")));
    assertThat(config.at("/init_lora_weights").asText()).isEqualTo("eva");
    assertThat(config.at("/eva_config/rho").asDouble()).isEqualTo(2);
  }

  // ---- resuming ----

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void killedRunResumesBitForBit(boolean formerNames) throws IOException, InterruptedException {
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    String[] how = {"--steps", "100", "--save-steps", "5", "--eval-steps", "50"};
    JsonNode expected = json(train(chats, whole, append(how, "--json")));

    Process process = start(append(how, "--out", broken.toString()));
    while (process.isAlive() && !Files.exists(broken.resolve("checkpoint-10"))) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor();
    assertThat(process.exitValue()).isEqualTo(137);
    assertThat(broken.resolve("adapter_model.safetensors")).doesNotExist();

    if (formerNames) {
      Files.writeString(broken.resolve("run.yaml"), formerRunYaml(broken));
    }
    CommandLineRun resumed =
        CommandLineRun.of("train", "--resume", "--out", broken.toString(), "--json");
    JsonNode result = json(resumed);
    long from = result.at("/resumed_from").asLong();
    assertThat(from).isBetween(5L, 95L);
    assertThat(resumed.err()).contains("Resuming after step " + from);
    assertThat(broken.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(whole.resolve("adapter_model.safetensors"));
    for (String same : List.of("train_loss", "valid_loss_before", "valid_loss_after", "tokens")) {
      assertThat(result.path(same)).as(same).isEqualTo(expected.path(same));
    }
    assertThat(losses(broken)).isEqualTo(losses(whole));
    try (Stream<Path> events = Files.list(broken.resolve("tensorboard"))) {
      assertThat(events).hasSize(2);
    }
  }

  /** The options of the run under the names of version 0.1.0. */
  private String formerRunYaml(Path out) {
    return """
        # lora train --config run.yaml does this run again
        accumulate: 1
        alpha: 16.0
        batch: 4
        checkpointing: false
        clip: 1.0
        data: "%s"
        device: "cpu"
        dora: false
        dpo: false
        dropout: 0.0
        eval-every: 50
        init: "true"
        lr: 2.0E-4
        max-tokens: 128
        model: "%s"
        out: "%s"
        packing: false
        patience: 0
        rank: 8
        rslora: false
        save-every: 5
        schedule: "cosine"
        seed: 0
        steps: 100
        valid-fraction: 0.05
        warmup: 0
        weight-decay: 0.0
        workers: 2
        """
        .formatted(chats, model, out);
  }

  private static List<String> losses(Path out) throws IOException {
    return metrics(out).stream()
        .map(line -> line.path("step") + " " + line.path("loss") + line.path("valid_loss"))
        .toList();
  }

  private static String[] append(String[] some, String... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
  }

  private Process start(String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--model",
                model.toString(),
                "--data",
                chats.toString(),
                "--workers",
                "2"));
    arguments.addAll(List.of(more));
    return MainProcess.of(arguments.toArray(new String[0]))
        .redirectOutput(directory.resolve("output.txt").toFile())
        .start();
  }

  @Test
  @Timeout(120)
  void ctrlCNamesTheCheckpointAndTheResumeCommand() throws IOException, InterruptedException {
    Path out = directory.resolve("out");
    Process process = start("--steps", "1000000", "--save-steps", "5", "--out", out.toString());
    while (process.isAlive() && !Files.exists(out.resolve("checkpoint-10"))) {
      Thread.sleep(5);
    }
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(130);
    assertThat(Files.readString(directory.resolve("output.txt")))
        .contains("interrupted; saved so far: " + out.resolve("checkpoint-"))
        .contains("lora train --resume --out " + out);
  }

  @Test
  void unwritableFileIsNamed() throws IOException {
    Path out = directory.resolve("out");
    json(train(chats, out, "--steps", "2", "--json"));
    Files.delete(out.resolve("report.html"));
    Files.createDirectory(out.resolve("report.html")); // in the way of the report
    assertRefused(CommandLineRun.of("train", "--resume", "--out", out.toString()), "report.html");
    Files.delete(out.resolve("metrics.jsonl"));
    Files.createDirectory(out.resolve("metrics.jsonl"));
    assertRefused(CommandLineRun.of("train", "--resume", "--out", out.toString()), "metrics.jsonl");
  }

  @Test
  void filesOfARunNameNoAbsolutePath() throws IOException {
    Path out = directory.resolve("runs/one");
    json(train(chats, out, "--steps", "2", "--validation-data", chats.toString(), "--json"));

    String options = Files.readString(out.resolve("run.yaml"));
    assertThat(options)
        .contains(
            "paths-relative-to: file",
            "model: \"../../model\"",
            "data: \"../../chats.jsonl\"",
            "validation-data: \"../../chats.jsonl\"",
            "out: \".\"");
    String origin = Files.readString(out.resolve("origin.json"));
    assertThat(JSON.readTree(origin).at("/base/name").asText()).isEqualTo("../../model");
    for (String file : List.of("run.yaml", "origin.json", "run.json", "report.html")) {
      String text = Files.readString(out.resolve(file));
      assertThat(text.replace(out + "/run.yaml", "").replace(model.toString(), ""))
          .as(file)
          .doesNotContain(directory.toString());
    }
  }

  @Test
  void runThatWasMovedWithItsDataResumes() throws IOException {
    Path before = directory.resolve("before");
    Path out = before.resolve("runs/one");
    Files.createDirectories(before);
    Files.move(model, before.resolve("model"));
    Files.move(chats, before.resolve("chats.jsonl"));
    SmallTraining there = new SmallTraining(before.resolve("model"), before.resolve("chats.jsonl"));
    json(there.train(there.chats(), out, "--steps", "4", "--save-steps", "2", "--json"));

    Path after = Files.move(before, directory.resolve("after"));
    CommandLineRun resumed =
        CommandLineRun.of(
            "train", "--resume", "--out", after.resolve("runs/one").toString(), "--json");
    assertThat(json(resumed).at("/resumed_from").asLong()).isEqualTo(4);
  }
}
