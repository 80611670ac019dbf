package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains, evaluates, lists and merges adapters of TorchScript models. */
class TrainCommandTest {
  static final String MODEL =
      "../torchscript/src/test/resources/fixtures/script/convnet.scripted.pt";

  /** The network has ten outputs, the images three classes. */
  static final String NAMES =
      "class0,class1,class2,class3,class4,class5,class6,class7,class8,class9";

  private final Path directory;

  TrainCommandTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    ColouredImages.write(directory.resolve("images"));
  }

  private CommandLineRun train(String... more) {
    return run("train", more);
  }

  private CommandLineRun run(String command, String... more) {
    List<String> arguments = new ArrayList<>(List.of(command, "--model", MODEL));
    arguments.addAll(List.of("--data", directory.resolve("images").toString()));
    arguments.addAll(List.of("--classes", NAMES));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  @Test
  void adapterIsTrainedEvaluatedMergedAndListed() throws IOException {
    Path adapter = directory.resolve("adapter");
    CommandLineRun trained =
        train(
            "--out",
            adapter.toString(),
            "--epochs",
            "30",
            "--batch-size",
            "6",
            "--learning-rate",
            "0.01",
            "--rank",
            "4",
            "--target-modules",
            "fc1,fc2,fc3",
            "--json");

    assertThat(trained.status()).as(trained.err()).isZero();
    JsonNode result = new ObjectMapper().readTree(trained.out());
    assertThat(result.at("/after/all").asDouble()).isGreaterThan(0.9);
    assertThat(result.at("/before/all").asDouble()).isLessThan(0.5);
    assertThat(result.at("/parameters/trainable").asLong()).isEqualTo(3272);
    assertThat(result.at("/steps").asLong()).isEqualTo(120);
    assertThat(trained.err()).contains("Replaced fc1 with LoRALinear layer.");

    CommandLineRun examined = run("eval", "--adapter", adapter.toString(), "--json");
    assertThat(new ObjectMapper().readTree(examined.out()).at("/all"))
        .isEqualTo(result.at("/after/all"));

    Path merged = directory.resolve("merged.pt");
    CommandLineRun merge = merge(adapter, merged, "--json");
    assertThat(merge.status()).as(merge.err()).isZero();
    assertThat(new ObjectMapper().readTree(merge.out()).at("/bytes").asLong())
        .isEqualTo(Files.size(merged));
    CommandLineRun ofMerged =
        CommandLineRun.of(
            "eval",
            "--model",
            merged.toString(),
            "--data",
            directory.resolve("images").toString(),
            "--classes",
            NAMES,
            "--json");
    assertThat(new ObjectMapper().readTree(ofMerged.out()).at("/all"))
        .isEqualTo(result.at("/after/all"));
    assertRefused(merge(adapter, merged), "already exists");
    assertRefused(merge(adapter, directory.resolve("a.pt"), "--dtype", "bf16"), "--dtype");
    assertRefused(merge(directory.resolve("gone"), directory.resolve("a.pt")), "gone");
    CommandLineRun listed = CommandLineRun.of("info", merged.toString());
    assertThat(listed.out())
        .contains(
            "TorchScript: ConvNet", "- fc1: Linear", "weight [120, 400]", "74,838 parameters");
  }

  /** The label is 1 if the first number is above the second. */
  private Path tables() throws IOException {
    Path tables = Files.createDirectories(directory.resolve("tables"));
    for (String split : new String[] {"train", "test"}) {
      StringBuilder rows = new StringBuilder("a,b,c,d,above\n");
      for (int i = 0; i < 64; i++) {
        double a = Math.sin(i);
        double b = Math.cos(3 * i + split.length());
        rows.append(
            String.format(Locale.ROOT, "%.4f,%.4f,%d,0,%s\n", a, b, i % 3, a > b ? "yes" : "no"));
      }
      Files.writeString(tables.resolve(split + ".csv"), rows);
    }
    return tables;
  }

  @Test
  void tableClassificationIsLearned() throws IOException {
    CommandLineRun trained =
        CommandLineRun.of(
            "train",
            "--model",
            MODEL.replace("convnet", "siamese"),
            "--task",
            "table-classification",
            "--data",
            tables().toString(),
            "--label",
            "above",
            "--epochs",
            "40",
            "--learning-rate",
            "0.03",
            "--out",
            directory.resolve("adapter").toString(),
            "--json");

    assertThat(trained.status()).as(trained.err()).isZero();
    JsonNode result = new ObjectMapper().readTree(trained.out());
    assertThat(result.at("/after/all").asDouble())
        .isGreaterThan(0.8)
        .isGreaterThan(result.at("/before/all").asDouble());
  }

  /** The target is 3a − b. */
  private Path numbers() throws IOException {
    Path tables = Files.createDirectories(directory.resolve("numbers"));
    for (String split : new String[] {"train", "test"}) {
      StringBuilder rows = new StringBuilder("a,b,c,d,number\n");
      for (int i = 0; i < 64; i++) {
        double a = Math.sin(i);
        double b = Math.cos(3 * i + split.length());
        rows.append(String.format(Locale.ROOT, "%.4f,%.4f,%d,0,%.4f\n", a, b, i % 3, 3 * a - b));
      }
      Files.writeString(tables.resolve(split + ".csv"), rows);
    }
    return tables;
  }

  private CommandLineRun regression(String command, String model, String... more)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command,
                "--model",
                MODEL.replace("convnet", model),
                "--task",
                "table-regression",
                "--data",
                numbers().toString(),
                "--label",
                "number",
                "--workers",
                "2"));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(new String[0]));
  }

  private CommandLineRun learnNumbers(Path out) throws IOException {
    return regression(
        "train",
        "regressor",
        "--epochs",
        "60",
        "--learning-rate",
        "0.03",
        "--out",
        out.toString(),
        "--json");
  }

  @Test
  void tableRegressionIsLearnedAndReproducible() throws IOException {
    Path one = directory.resolve("one");
    Path other = directory.resolve("other");
    CommandLineRun trained = learnNumbers(one);
    learnNumbers(other);

    assertThat(trained.status()).as(trained.err()).isZero();
    JsonNode result = new ObjectMapper().readTree(trained.out());
    assertThat(result.at("/after/r2").asDouble()).isGreaterThan(0.9);
    assertThat(result.at("/before/r2").asDouble()).isLessThan(0.5);
    assertThat(result.at("/after/rmse").asDouble())
        .isLessThan(result.at("/before/rmse").asDouble());
    assertThat(trained.err()).contains("Error before and after", "RMSE", "MAE", "R²", " → ");
    String weights = "adapter_model.safetensors";
    assertThat(other.resolve(weights)).hasSameBinaryContentAs(one.resolve(weights));

    CommandLineRun examined = regression("eval", "regressor", "--adapter", one.toString());
    assertThat(examined.status()).as(examined.err()).isZero();
    assertThat(examined.out()).contains("RMSE", "MAE", "R²");
  }

  @Test
  void classifierIsRefusedForRegression() throws IOException {
    assertRefused(
        regression("train", "siamese"),
        "the model returns [2, 2] for two examples",
        "one value each");
  }

  @Test
  void evalWithoutAnAdapterReportsEachClass() {
    CommandLineRun run = run("eval");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("all", "class0", "class1", "class2");
  }

  @Test
  void torchScriptFileIsListedAsJson() throws IOException {
    JsonNode listed = new ObjectMapper().readTree(CommandLineRun.of("info", "--json", MODEL).out());

    assertThat(listed.at("/torchscript").asText()).isEqualTo("ConvNet");
    assertThat(listed.at("/modules/0/path").asText()).isEqualTo("conv1");
    assertThat(listed.at("/tensors/0/shape/0").asLong()).isEqualTo(6);
  }

  @Test
  void badInputIsReportedInASentence() {
    assertRefused(train("--target-modules", "fc9"), "no module matches 'fc9'", "fc1");
    assertRefused(train("--task", "image-clasification"), "image-classification");
    assertRefused(train("--std", "0"), "--std");
    assertRefused(train("--target-modules", "pool"), "'pool'", "MaxPool2d");
    assertRefused(script("train", "frozen"), "frozen", "before");
    assertRefused(script("eval", "state_dict"), "torch.jit.script");
    assertRefused(script("train", "writer"), "may open files");
    assertRefused(
        CommandLineRun.of("info", MODEL.replace("convnet.scripted", "state_dict")),
        "torch.jit.script");
    assertRefused(script("eval", "gone"), "there is no such file");
    assertRefused(train("--image-size", "16"), "the script can't take");
    assertRefused(
        CommandLineRun.of("train", "--model", "x.safetensors", "--data", "y"), "TorchScript");
  }

  private static CommandLineRun merge(Path adapter, Path out, String... more) {
    List<String> arguments = new ArrayList<>(List.of("merge", "--model", MODEL));
    arguments.addAll(List.of("--adapter", adapter.toString(), "--out", out.toString()));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private CommandLineRun script(String command, String name) {
    return CommandLineRun.of(
        command,
        "--model",
        MODEL.replace("convnet.scripted", name),
        "--data",
        directory.resolve("images").toString());
  }

  private static void assertRefused(CommandLineRun run, String... words) {
    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(words).doesNotContain("\tat ");
  }
}
