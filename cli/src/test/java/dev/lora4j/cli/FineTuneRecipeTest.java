package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recipe writes what {@code lora train} writes. */
class FineTuneRecipeTest {
  /** With times, or for the command alone. */
  private static final List<String> OTHERS = List.of("metrics.jsonl", "run.yaml", "training.json");

  private final Path directory;
  private final SmallTraining training;

  FineTuneRecipeTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
  }

  @Test
  void theSameSettingsGiveTheSameBytes() throws IOException {
    Path byCommand = directory.resolve("command");
    Path byRecipe = directory.resolve("recipe");
    CommandLineRun run = training.train(training.chats(), byCommand, "--rank", "4");
    assertThat(run.status()).as(run.err()).isZero();
    LanguageModelTrainingResult result =
        FineTuneRecipe.of(training.model().toString())
            .data(training.chats())
            .rank(4)
            .workers(2)
            .run(byRecipe);

    assertThat(result.validLossAfter()).isPresent();
    List<Path> files = files(byRecipe);
    assertThat(files)
        .contains(
            Path.of("adapter_model.safetensors"),
            Path.of("adapter_config.json"),
            Path.of("run.json"),
            Path.of("origin.json"),
            Path.of("tokenizer.json"));
    for (Path file : files) {
      assertThat(byRecipe.resolve(file)).hasSameBinaryContentAs(byCommand.resolve(file));
    }
    assertThat(byRecipe.resolve("metrics.jsonl")).isNotEmptyFile();
  }

  private static List<Path> files(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> !OTHERS.contains(file.getFileName().toString()))
          .filter(file -> !file.toString().contains("tensorboard"))
          .map(root::relativize)
          .toList();
    }
  }

  @Test
  void labelledDataTrainByKto() throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      rows.append(
          """
          {"prompt": "What is %d?\\n", "completion": "%s", "label": %b}
          """
              .formatted(i, i % 2 == 0 ? "A number." : "I do not know.", i % 2 == 0));
    }
    Path data = Files.writeString(directory.resolve("labelled.jsonl"), rows);
    Path out = directory.resolve("kto");
    CommandLineRun run =
        training.train(
            data, out, "--epochs", "6", "--lr", "1e-2", "--objective-args", "desirable_weight=1.2");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("Kahneman-Tversky optimisation", "desirable_weight 1.2");
    List<String> metrics = Files.readAllLines(out.resolve("metrics.jsonl"));
    assertThat(metrics.get(0)).contains("\"valid_loss\"", "\"kl\":0.0");
    assertThat(metrics.get(metrics.size() - 1)).contains("\"kl\"", "rewards_");
  }

  @Test
  void aRecipeWithoutDataIsRefused() {
    assertThatThrownBy(
            () -> FineTuneRecipe.of(training.model().toString()).run(directory.resolve("none")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("call data(file)");
  }
}
