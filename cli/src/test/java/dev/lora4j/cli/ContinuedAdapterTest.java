package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Continued training of a trained adapter. */
class ContinuedAdapterTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final SmallTraining training;
  private final Path valid;

  ContinuedAdapterTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
    valid = SmallLanguageModel.chats(directory.resolve("valid.jsonl"), 5);
  }

  private CommandLineRun train(Path out, String... more) {
    String[] options = new String[more.length + 2];
    options[0] = "--validation-data";
    options[1] = valid.toString();
    System.arraycopy(more, 0, options, 2, more.length);
    return training.train(training.chats(), out, options);
  }

  @Test
  void secondRunBeginsAtTheLossWithWhichTheFirstEnds() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    JsonNode one =
        SmallTraining.json(
            train(first, "--steps", "8", "--lr", "1e-2", "--rank", "4", "--dora", "--json"));
    JsonNode two =
        SmallTraining.json(
            train(second, "--adapter", first.toString(), "--steps", "8", "--lr", "1e-2", "--json"));
    JsonNode eval =
        SmallTraining.json(
            CommandLineRun.of(
                "eval",
                "--model",
                training.model().toString(),
                "--adapter",
                first.toString(),
                "--data",
                valid.toString(),
                "--json"));

    double before = two.at("/valid_loss_before").asDouble();
    assertThat(before).isEqualTo(one.at("/valid_loss_after").asDouble());
    assertThat(before).isCloseTo(eval.at("/nll").asDouble(), within(1e-6));
    assertThat(two.at("/valid_loss_after").asDouble()).isLessThan(before - 0.1);
    assertThat(second.resolve("adapter_config.json"))
        .hasSameBinaryContentAs(first.resolve("adapter_config.json"));
  }

  @Test
  void runYamlNamesTheAdapterAndItsContentAndRepeatsTheRun() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    Path again = directory.resolve("again");
    SmallTraining.json(train(first, "--steps", "2", "--json"));
    SmallTraining.json(train(second, "--adapter", first.toString(), "--steps", "2", "--json"));
    String yaml = Files.readString(second.resolve("run.yaml"));
    String digest =
        JSON.readTree(second.resolve("origin.json").toFile()).at("/adapter/sha256").asText();

    assertThat(yaml).contains("adapter: \"../first\"", digest);
    assertThat(yaml).doesNotContain("\nrank:", "\nalpha:");
    String[] repeated = {
      "train", "--config", second.resolve("run.yaml").toString(), "--out", again.toString()
    };
    assertThat(CommandLineRun.of(repeated).status()).isZero();
    assertThat(again.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(second.resolve("adapter_model.safetensors"));

    SmallTraining.json(train(directory.resolve("other"), "--steps", "1", "--seed", "4", "--json"));
    Files.copy(
        directory.resolve("other/adapter_model.safetensors"),
        first.resolve("adapter_model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    SmallTraining.assertRefused(
        CommandLineRun.of("train", "--resume", "--out", second.toString()),
        "is not the adapter that the run continued");
  }

  @Test
  void optionsThatConflictWithTheAdapterAreRefusedByName() throws IOException {
    Path first = directory.resolve("first");
    SmallTraining.json(train(first, "--steps", "1", "--rank", "4", "--json"));

    SmallTraining.assertRefused(
        train(
            directory.resolve("x"),
            "--adapter",
            first.toString(),
            "--rank",
            "16",
            "--dora",
            "--alpha",
            "8"),
        "--adapter " + first + " keeps its own config",
        "--rank is 4 there, found 16; leave it out",
        "--dora is false there, found true");
    SmallTraining.assertRefused(
        train(first, "--adapter", first.toString(), "--rank", "4"), "already holds");
    SmallTraining.assertRefused(
        train(directory.resolve("x"), "--adapter", directory.resolve("firts").toString()),
        "no adapter");
    assertThat(
            train(directory.resolve("x"), "--adapter", first.toString(), "--rank", "4", "--steps=1")
                .status())
        .isZero();
  }

  private FineTuneRecipe recipe(long steps) {
    return FineTuneRecipe.of(training.model().toString())
        .data(training.chats())
        .valid(valid)
        .workers(2)
        .settings(
            longest ->
                TrainingArguments.of(1e-2)
                    .batching(BatchConfig.of(4).maxSeqLength(longest))
                    .steps(steps));
  }

  /** Every kind of adapter continues from its saved state, and a resumed run has the same bits. */
  @ParameterizedTest
  @ValueSource(strings = {"lora", "dora", "saved", "tied", "tokens", "pissa", "rslora"})
  void anyKindGoesOnAndResumesBitForBit(String kind) throws IOException {
    Path first = directory.resolve("first");
    Path whole = directory.resolve("whole");
    Path halves = directory.resolve("halves");
    double after = recipe(3).lora(config(kind)).run(first).validLossAfter().getAsDouble();

    LanguageModelTrainingResult result = recipe(6).adapter(first).run(whole);
    try (FineTuneRun run = recipe(6).adapter(first).open(halves)) {
      run.train(stoppingAfter(3));
    }
    recipe(6).adapter(first).resume().run(halves);

    assertThat(result.validLossBefore().getAsDouble())
        .isCloseTo(after, within(kind.equals("pissa") ? 1e-5 : 0));
    assertThat(halves.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(whole.resolve("adapter_model.safetensors"));
  }

  private static LoraConfig config(String kind) {
    LoraConfig config = LoraConfig.rank(4).targets(Targets.named("q_proj", "down_proj"));
    return switch (kind) {
      case "dora" -> config.dora(true);
      case "saved" -> config.modulesToSave("lm_head");
      case "tied" ->
          config.targets(Targets.named("q_proj", "embed_tokens")).ensureWeightTying(true);
      case "tokens" -> config.trainableTokens(Map.of("embed_tokens", List.of(3L, 5L)));
      case "pissa" -> config.initialization(new Initialization.Pissa(0));
      case "rslora" -> config.rsLora(true).alpha(3);
      default -> config;
    };
  }

  private static TrainingCallback stoppingAfter(long steps) {
    return new TrainingCallback() {
      private long done;

      @Override
      public void onStep(Step step) {
        done = step.number();
      }

      @Override
      public boolean wantsToStop() {
        return done >= steps;
      }
    };
  }

  @Test
  void adapterOfAnotherBaseIsRefused() throws IOException {
    Path first = directory.resolve("first");
    recipe(1).run(first);
    Path other = SmallLanguageModel.write(directory.resolve("other"), 601);

    assertThatThrownBy(
            () ->
                FineTuneRecipe.of(other.toString())
                    .data(training.chats())
                    .adapter(first)
                    .run(directory.resolve("x")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("was trained on another base");
  }
}
