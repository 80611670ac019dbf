package dev.lora4j.llm.train;

import static dev.lora4j.llm.train.SmallRun.CONFIG;
import static dev.lora4j.llm.train.SmallRun.TEXTS;
import static dev.lora4j.llm.train.SmallRun.TRAIN;
import static dev.lora4j.llm.train.SmallRun.VALID;
import static dev.lora4j.llm.train.SmallRun.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.Schedule;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Complete runs: results, saved files and refusals. */
class LanguageModelTrainerTest {
  private static final Objective NO_VALID = new CausalLmObjective(TRAIN, List.of());

  private final Path directory;

  LanguageModelTrainerTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private TrainingJob request(SmallModel model, Objective data, TrainingArguments settings) {
    return new SmallRun(directory.resolve("run")).request(model, data, settings);
  }

  private static List<String> entries(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  // ---- learning ----

  @Test
  void itLearns() {
    HeardRun listener = new HeardRun(1_000);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      Objective same = new CausalLmObjective(TRAIN, TRAIN);
      LanguageModelTrainingResult result =
          LanguageModelTrainer.run(request(model, same, settings().epochs(10)), listener);

      assertThat(result.steps()).isEqualTo(60);
      assertThat(listener.steps).hasSize(60);
      assertThat(listener.steps.get(59).epoch()).isEqualTo(10);
      assertThat(listener.evaluations).hasSize(11);
      assertThat(result.end()).isEqualTo(LanguageModelTrainingResult.End.COMPLETE);
      assertThat(result.validLossAfter().orElseThrow())
          .isLessThan(0.7 * result.validLossBefore().orElseThrow());
      assertThat(result.trainLoss())
          .isBetween(result.validLossAfter().orElseThrow(), result.validLossBefore().orElseThrow());
      assertThat(result.tokens()).isEqualTo(10L * TRAIN.stream().mapToInt(Example::length).sum());
      assertThat(result.adapterBytes()).isPositive();
      assertThat(model.network().isTraining()).isFalse();
    }
  }

  @Test
  void theDirectoryHoldsTheBestAdapterAsPeftReadsIt() {
    HeardRun listener = new HeardRun(1_000);
    TrainingArguments eager = settings().epochs(6).pace(EvalAndSavePolicy.every(2));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG);
        Pretrained other = Pretrained.load(SavedFamilies.directory("llama3"))) {
      LanguageModelTrainingResult result =
          LanguageModelTrainer.run(request(model, TEXTS, eager), listener);
      LoraModel reader = Lora.base(other.model());
      reader.load("default", result.directory());

      double best = result.validLossAfter().orElseThrow();
      assertThat(listener.evaluations.stream().skip(1).mapToDouble(e -> e.loss()).min())
          .hasValue(best);
      assertThat(entries(result.directory()))
          .contains("adapter_config.json", "adapter_model.safetensors", "run.json")
          .contains("checkpoint-" + result.adapterStep(), "checkpoint-36")
          .hasSize(result.adapterStep() == 36 ? 4 : 5);
      assertThat(entries(result.directory().resolve("checkpoint-36")))
          .containsExactly(
              "adapter_config.json",
              "adapter_model.safetensors",
              "training.json",
              "training_state.safetensors");
    }
  }

  @Test
  void itEndsEarlyWhereNothingGetsBetter() {
    Objective unlearnable = new CausalLmObjective(TRAIN, VALID); // both are noise
    TrainingArguments long_ = settings().epochs(50).pace(EvalAndSavePolicy.byEpoch().patience(2));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      LanguageModelTrainingResult result =
          LanguageModelTrainer.run(request(model, unlearnable, long_), new HeardRun(9_999));

      assertThat(result.end()).isEqualTo(LanguageModelTrainingResult.End.EARLY);
      assertThat(result.steps()).isEqualTo(result.adapterStep() + 2 * 6);

      LanguageModelTrainingResult again =
          LanguageModelTrainer.run(
              request(model, unlearnable, long_).resumed(), new HeardRun(9_999));
      assertThat(again.end()).isEqualTo(LanguageModelTrainingResult.End.EARLY);
      assertThat(again.steps()).isEqualTo(result.steps());
    }
  }

  @Test
  void theLearningRateFollowsTheSchedule() {
    HeardRun listener = new HeardRun(1_000);
    TrainingArguments settings = settings().steps(8).schedule(Schedule.linear().warmUp(2));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      LanguageModelTrainer.run(request(model, TEXTS, settings), listener);
      assertThat(listener.steps.stream().map(step -> step.learningRate() / 1e-2).toList())
          .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : 1)
          .containsExactly(0.0, 0.5, 1.0, 5 / 6.0, 4 / 6.0, 3 / 6.0, 2 / 6.0, 1 / 6.0);
    }
  }

  @Test
  void preferencesAreLearned() {
    List<PreferencePair> pairs = new ArrayList<>();
    for (int i = 0; i + 1 < TRAIN.size(); i += 2) {
      pairs.add(new PreferencePair(TRAIN.get(i), TRAIN.get(i + 1)));
    }
    Objective data = new DpoObjective(pairs, pairs, 0.5);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("gpt2", CONFIG)) {
      LanguageModelTrainingResult result =
          LanguageModelTrainer.run(
              request(model, data, settings().epochs(5)), TrainingCallback.NONE);

      assertThat(result.validLossBefore().orElseThrow()).isCloseTo(Math.log(2), within(1e-9));
      assertThat(result.validLossAfter().orElseThrow()).isLessThan(0.1);
    }
  }

  // ---- what goes wrong ----

  @Test
  void afterANumberThatIsNoneTheLastCheckpointIsThere() {
    TrainingArguments settings = settings().epochs(4).pace(new EvalAndSavePolicy(0, 0, 3));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TrainingCallback spoiler =
          new TrainingCallback() {
            @Override
            public void onStep(Step step) {
              if (step.number() == 8) {
                model.spoil();
              }
            }
          };
      assertThatThrownBy(() -> LanguageModelTrainer.run(request(model, TEXTS, settings), spoiler))
          .isInstanceOf(TrainingFailed.class)
          .hasMessageContaining("the loss is NaN at step 9, batch 1 of 1 (example ")
          .hasMessageContaining("checkpoint-6");
      assertThat(entries(directory.resolve("run"))).contains("checkpoint-6");
    }
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      LanguageModelTrainingResult result =
          LanguageModelTrainer.run(
              request(model, TEXTS, settings).resumed(), TrainingCallback.NONE);
      assertThat(result.steps()).isEqualTo(24);
    }
  }

  @Test
  void dataThatDoNotFitAreNamed() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      assertRefused(
          model,
          Example.of(new int[] {5, 96}, new boolean[] {false, true}),
          "validation example 1 has token 96, but the model's vocabulary has 0 to 95");
      assertRefused(
          model,
          Example.of(new int[] {5, 6}, new boolean[] {true, false}),
          "validation example 1 has no loss tokens");
      assertRefused(
          model,
          Example.of(new int[41], new boolean[41]),
          "validation example 1 has 41 tokens, but max tokens is 40");
    }
  }

  private void assertRefused(SmallModel model, Example example, String message) {
    Objective data = new CausalLmObjective(TRAIN, List.of(example));
    assertThatThrownBy(
            () -> LanguageModelTrainer.run(request(model, data, settings()), TrainingCallback.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message);
    assertThat(directory.resolve("run")).doesNotExist();
  }

  @Test
  void aDirectoryWithAnAdapterIsNotWrittenTo() throws IOException {
    Files.createDirectories(directory.resolve("run"));
    Files.writeString(directory.resolve("run/adapter_config.json"), "{}");
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      assertThatThrownBy(
              () ->
                  LanguageModelTrainer.run(
                      request(model, TEXTS, settings()), TrainingCallback.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("already holds adapter_config.json");
    }
  }

  @Test
  void aCheckpointThatCantBeWrittenLeavesTheLastOne() {
    TrainingArguments settings = settings().epochs(4).pace(new EvalAndSavePolicy(0, 0, 3));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TrainingCallback blocker =
          new TrainingCallback() {
            @Override
            public void onCheckpoint(Path checkpoint) {
              block(checkpoint.resolveSibling("checkpoint-6/in the way"));
            }
          };
      assertThatThrownBy(
              () -> LanguageModelTrainer.run(request(model, NO_VALID, settings), blocker))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("cannot write ");
      assertThat(entries(directory.resolve("run")))
          .containsExactly("checkpoint-3", "checkpoint-6", "run.json");
    }
  }

  private static void block(Path file) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, "");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatMakesNoSenseTogetherIsRefused() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      assertThatThrownBy(
              () ->
                  request(
                      model, NO_VALID, settings().pace(EvalAndSavePolicy.byEpoch().patience(2))))
          .hasMessageContaining("early stopping needs validation examples");
      Objective pairs =
          new DpoObjective(List.of(new PreferencePair(TRAIN.get(0), TRAIN.get(1))), List.of(), 0.1);
      assertThatThrownBy(
              () -> request(model, pairs, settings().batching(BatchConfig.of(1).packing())))
          .hasMessageContaining("switch packing off");
    }
  }

  @Test
  void anEvaluationThatGivesNoNumberEndsTheRun() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      model.spoil();
      assertThatThrownBy(
              () -> LanguageModelTrainer.run(request(model, TEXTS, settings()), new HeardRun(9)))
          .isInstanceOf(TrainingFailed.class)
          .hasMessageContaining("validation loss is NaN after step 0")
          .hasMessageContaining("there is no checkpoint yet");
    }
  }
}
