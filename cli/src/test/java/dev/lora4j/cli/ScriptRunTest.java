package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The run directory of a TorchScript model: files, evaluations, resuming, classes, base. */
class ScriptRunTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String WEIGHTS = "adapter_model.safetensors";

  private final Path directory;

  ScriptRunTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    ColouredImages.write(directory.resolve("images"));
  }

  private String[] arguments(Path out, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--model", TrainCommandTest.MODEL));
    arguments.addAll(List.of("--data", directory.resolve("images").toString()));
    arguments.addAll(List.of("--classes", TrainCommandTest.NAMES, "--batch-size", "4"));
    arguments.addAll(List.of("--workers", "2", "--out", out.toString(), "--json"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private CommandLineRun train(Path out, String... more) {
    return CommandLineRun.of(arguments(out, more));
  }

  private CommandLineRun eval(Path adapter, String... more) {
    List<String> arguments = new ArrayList<>(List.of("eval", "--data"));
    arguments.add(directory.resolve("images").toString());
    arguments.addAll(List.of("--adapter", adapter.toString()));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private static List<JsonNode> metrics(Path out) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("metrics.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  private static List<Integer> evaluated(Path out) throws IOException {
    return metrics(out).stream()
        .filter(line -> line.has("valid_loss"))
        .map(line -> line.path("step").asInt())
        .toList();
  }

  // ---- files ----

  @Test
  void runHasTheFilesOfALanguageModelsRun() throws IOException {
    Path out = directory.resolve("out");
    CommandLineRun run = train(out, "--epochs", "2");
    JsonNode result = json(run);

    try (Stream<Path> files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .contains(
              "adapter_config.json",
              WEIGHTS,
              "checkpoint-12",
              "classes.txt",
              "metrics.jsonl",
              "origin.json",
              "report.html",
              "run.json",
              "run.yaml",
              "tensorboard");
    }
    assertThat(run.err())
        .contains("step 0: validation loss ", "step 12: validation loss ", "Report: ")
        .contains("3 convolutions are not adapted: conv1, conv2, conv3", "--target-modules")
        .containsPattern("Trainable parameters: [\\d,]+ of [\\d,]+ \\(");
    assertThat(evaluated(out)).containsExactly(0, 6, 12);
    JsonNode step = metrics(out).get(1);
    assertThat(step.path("gradient_norm").asDouble()).isPositive();
    assertThat(step.path("examples").asInt()).isEqualTo(4);
    assertThat(step.has("tokens")).isFalse();
    assertThat(result.at("/valid_loss_after").asDouble())
        .isEqualTo(metrics(out).get(metrics(out).size() - 1).path("valid_loss").asDouble());
    assertThat(result.at("/adapter_step").asInt()).isEqualTo(12);
    assertThat(Files.readString(out.resolve("report.html")))
        .contains("Test examples", "Accuracy", "class2", "lora train --config");
    assertThat(JSON.readTree(Files.readString(out.resolve("origin.json"))).at("/data/0/sha256"))
        .isNotNull();
  }

  @Test
  void everyCombinationOfASweepIsTrainedAsARunOfItsOwn() throws IOException {
    Path out = directory.resolve("tries");
    CommandLineRun sweep = train(out, "--sweep", "learning-rate=1e-3,1e-2");
    assertThat(sweep.status()).as(sweep.err()).isZero();
    Path alone = directory.resolve("alone");
    json(train(alone, "--learning-rate", "1e-2", "--json"));
    assertThat(out.resolve("learning-rate-1e-2").resolve(WEIGHTS))
        .hasSameBinaryContentAs(alone.resolve(WEIGHTS));
    assertThat(train(directory.resolve("wrong"), "--sweep", "max-seq-length=64,128").err())
        .contains("--max-seq-length does not apply to", "a TorchScript file");
  }

  @Test
  void adapterIsContinuedAndItsRunRepeated() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    Path again = directory.resolve("again");
    JsonNode before = json(train(first, "--epochs", "1", "--rank", "3"));
    CommandLineRun continued = train(second, "--epochs", "1", "--adapter", first.toString());
    assertThat(continued.err()).contains("Continuing the adapter " + first);
    assertThat(json(continued).at("/valid_loss_before").asDouble())
        .isEqualTo(before.at("/valid_loss_after").asDouble());
    assertThat(second.resolve("adapter_config.json"))
        .hasSameBinaryContentAs(first.resolve("adapter_config.json"));

    Path config = second.resolve("run.yaml");
    assertThat(Files.readString(config)).contains("adapter: \"../first\"", "adapter-sha256: ");
    json(
        CommandLineRun.of(
            "train", "--config", config.toString(), "--out", again.toString(), "--json"));
    assertThat(again.resolve(WEIGHTS)).hasSameBinaryContentAs(second.resolve(WEIGHTS));
    assertThat(train(directory.resolve("x"), "--adapter", first.toString(), "--rank", "4").err())
        .contains("keeps its own config", "--rank is 3 there, found 4");
  }

  @Test
  void runYamlRepeatsTheRunBitForBit() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    json(train(first, "--epochs", "1", "--seed", "3", "--mean", "0.4", "--std", "0.6"));
    json(
        CommandLineRun.of(
            "train",
            "--config",
            first.resolve("run.yaml").toString(),
            "--out",
            second.toString(),
            "--json"));

    assertThat(second.resolve(WEIGHTS)).hasSameBinaryContentAs(first.resolve(WEIGHTS));
  }

  @Test
  void bestAdapterIsKeptAndTrainingStopsEarlyWithAValidationSplit() throws IOException {
    Path out = directory.resolve("out");
    JsonNode result =
        json(
            train(
                out,
                "--validation-split",
                "0.25",
                "--eval-steps",
                "1",
                "--early-stopping-patience",
                "2",
                "--learning-rate",
                "3",
                "--epochs",
                "20"));

    assertThat(result.at("/end").asText()).isEqualTo("early");
    assertThat(result.at("/steps").asLong())
        .isEqualTo(result.at("/adapter_step").asLong() + 2)
        .isLessThan(100);
    JsonNode evaluated = json(eval(out, "--model", TrainCommandTest.MODEL, "--json"));
    assertThat(evaluated.at("/all")).isEqualTo(result.at("/after/all"));
    assertRefused(
        train(directory.resolve("b"), "--early-stopping-patience", "2"), "validation examples");
  }

  // ---- resuming ----

  @Test
  @Timeout(180)
  void killedAndResumedIsTheSameBitForBit() throws IOException, InterruptedException {
    Path killed = directory.resolve("killed");
    Path whole = directory.resolve("whole");
    String[] how = {"--save-steps", "5", "--epochs", "40", "--validation-split", "0.2"};
    Process run = MainProcess.of(arguments(killed, how)).start();
    run.getOutputStream().close();
    while (run.isAlive() && !hasCheckpoint(killed)) {
      Thread.sleep(5);
    }
    run.destroyForcibly(); // SIGKILL
    run.waitFor();

    CommandLineRun resumed =
        CommandLineRun.of("train", "--resume", "--out", killed.toString(), "--json");
    JsonNode result = json(resumed);
    JsonNode expected = json(train(whole, how));

    assertThat(result.at("/resumed_from").asLong()).isPositive();
    assertThat(resumed.err()).contains("Resuming after step ");
    assertThat(killed.resolve(WEIGHTS)).hasSameBinaryContentAs(whole.resolve(WEIGHTS));
    assertThat(killed.resolve("checkpoint-200/training_state.safetensors"))
        .hasSameBinaryContentAs(whole.resolve("checkpoint-200/training_state.safetensors"));
    for (String field : new String[] {"/train_loss", "/valid_loss_before", "/valid_loss_after"}) {
      assertThat(result.at(field)).as(field).isEqualTo(expected.at(field));
    }
    assertThat(metrics(killed)).hasSameSizeAs(metrics(whole));
    assertRefused(
        CommandLineRun.of("train", "--resume", "--out", killed.toString(), "--seed", "9"),
        "seed: was 0, is now 9");
    assertRefused(train(killed), "already holds a run");
  }

  private static boolean hasCheckpoint(Path out) throws IOException {
    if (!Files.isDirectory(out)) {
      return false;
    }
    try (Stream<Path> files = Files.list(out)) {
      return files.anyMatch(file -> file.getFileName().toString().startsWith("checkpoint-"));
    }
  }

  // ---- classes and base ----

  @Test
  void classesAreMappedByNameAndSavedWithTheAdapter() throws IOException {
    Path out = directory.resolve("out");
    Path names = directory.resolve("names.txt");
    Files.writeString(names, "other\nclass2\nclass0\nclass1\na\nb\nc\nd\ne\nf, g\n");
    json(train(out, "--classes", names.toString(), "--epochs", "40", "--learning-rate", "0.01"));
    String model = TrainCommandTest.MODEL;

    assertThat(out.resolve("classes.txt")).hasSameTextualContentAs(names);
    JsonNode score = json(eval(out, "--model", model, "--json"));
    assertThat(score.at("/all").asDouble()).isGreaterThan(0.9);
    assertRefused(
        eval(out, "--model", model, "--classes", TrainCommandTest.NAMES),
        "classes.txt",
        "trained with the classes other, class2");
    Files.move(directory.resolve("images/test/class0"), directory.resolve("images/test/clas1s"));
    Files.move(directory.resolve("images/train/class0"), directory.resolve("images/train/clas1s"));
    assertRefused(eval(out, "--model", model), "clas1s is none of the 10 classes", "class1");
  }

  @Test
  void dataWithOtherClassesThanTheOutputsAreRefused() {
    String images = directory.resolve("images").toString();
    String[] how = {"--model", TrainCommandTest.MODEL, "--data", images};

    for (String command : new String[] {"train", "eval"}) {
      CommandLineRun run =
          CommandLineRun.of(
              Stream.concat(Stream.of(command), Stream.of(how)).toArray(String[]::new));
      assertRefused(run, "the model has 10 outputs", "3 classes (class0, class1, class2)");
    }
    assertRefused(train(directory.resolve("a"), "--classes", "class0,class1,class2"), "10 outputs");
    assertRefused(train(directory.resolve("a"), "--classes", "class0,class0"), "--classes");
  }

  @Test
  void adapterNamesItsBaseAndIsRefusedOnAnother() throws IOException {
    Path out = directory.resolve("out");
    json(train(out, "--epochs", "1"));
    Path other = directory.resolve("other.pt");
    CommandLineRun merged =
        CommandLineRun.of(
            "merge",
            "--model",
            TrainCommandTest.MODEL,
            "--adapter",
            out.toString(),
            "--out",
            other.toString());
    assertThat(merged.status()).as(merged.err()).isZero();

    assertThat(Files.readString(out.resolve("adapter_config.json")))
        .contains("\"base_model_name_or_path\" : \"convnet.scripted.pt\"");
    assertRefused(eval(out, "--model", other.toString()), "was trained on another base");
    CommandLineRun accepted = eval(out, "--model", other.toString(), "--any-base");
    assertThat(accepted.status()).as(accepted.err()).isZero();
  }
}
