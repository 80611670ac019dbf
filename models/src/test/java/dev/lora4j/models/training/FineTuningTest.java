package dev.lora4j.models.training;

import static dev.lora4j.TensorAssert.assertSameState;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.lora.Initialization;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.models.Families;
import dev.lora4j.models.checkpoint.Pretrained;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.PreferencePair;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Schedule;
import dev.lora4j.train.TrainingFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs from beginning to end: what they learn, keep, refuse, and how they go on. */
class FineTuningTest {
  private static final List<Example> TRAIN = SmallModel.examples(21, 1);
  private static final List<Example> VALID = SmallModel.examples(6, 2);
  private static final TuningData TEXTS = new TuningData.Texts(TRAIN, VALID);
  private static final TuningData NO_VALID = new TuningData.Texts(TRAIN, List.of());
  private static final LoraConfig CONFIG = LoraConfig.rank(4).alpha(8);

  private final Path directory;

  FineTuningTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static TuningSettings settings() {
    return TuningSettings.of(1e-2).batching(Batching.of(4).maxTokens(40));
  }

  private TuningRequest request(SmallModel model, TuningData data, TuningSettings settings) {
    return TuningRequest.of(
            model.adapted, data, SmallModel.SPECIAL, directory.resolve("run"), settings)
        .workers(2);
  }

  /** Keeps what it hears, and stops after some steps. */
  private static final class Listener implements TuningListener {
    private final List<Step> steps = new ArrayList<>();
    private final List<Evaluation> evaluations = new ArrayList<>();
    private final long stopAfter;
    private long done;

    Listener(long stopAfter) {
      this.stopAfter = stopAfter;
    }

    @Override
    public void onStart(long total, long already) {
      done = already;
    }

    @Override
    public void onStep(Step step) {
      steps.add(step);
    }

    @Override
    public void onEvaluation(Evaluation evaluation) {
      evaluations.add(evaluation);
    }

    @Override
    public boolean wantsToStop() {
      return !steps.isEmpty() && steps.get(steps.size() - 1).number() >= stopAfter;
    }
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
    Listener listener = new Listener(1_000);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TuningData same = new TuningData.Texts(TRAIN, TRAIN);
      TuningResult result = FineTuning.run(request(model, same, settings().epochs(10)), listener);

      assertThat(result.steps()).isEqualTo(60);
      assertThat(listener.steps).hasSize(60);
      assertThat(listener.steps.get(59).epoch()).isEqualTo(10);
      assertThat(listener.evaluations).hasSize(11);
      assertThat(result.end()).isEqualTo(TuningResult.End.COMPLETE);
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
    Listener listener = new Listener(1_000);
    TuningSettings eager = settings().epochs(6).pace(Pace.every(2));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG);
        Pretrained other = Pretrained.load(Families.directory("llama3"))) {
      TuningResult result = FineTuning.run(request(model, TEXTS, eager), listener);
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
    TuningData unlearnable = new TuningData.Texts(TRAIN, VALID); // both are noise
    TuningSettings long_ = settings().epochs(50).pace(Pace.byEpoch().patience(2));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TuningResult result = FineTuning.run(request(model, unlearnable, long_), new Listener(9_999));

      assertThat(result.end()).isEqualTo(TuningResult.End.EARLY);
      assertThat(result.steps()).isEqualTo(result.adapterStep() + 2 * 6);

      TuningResult again =
          FineTuning.run(request(model, unlearnable, long_).resumed(), new Listener(9_999));
      assertThat(again.end()).isEqualTo(TuningResult.End.EARLY);
      assertThat(again.steps()).isEqualTo(result.steps());
    }
  }

  @Test
  void theLearningRateFollowsTheSchedule() {
    Listener listener = new Listener(1_000);
    TuningSettings settings = settings().steps(8).schedule(Schedule.linear().warmUp(2));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      FineTuning.run(request(model, TEXTS, settings), listener);
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
    TuningData data = new TuningData.Preferences(pairs, pairs, 0.5);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("gpt2", CONFIG)) {
      TuningResult result =
          FineTuning.run(request(model, data, settings().epochs(5)), TuningListener.NONE);

      assertThat(result.validLossBefore().orElseThrow()).isCloseTo(Math.log(2), within(1e-9));
      assertThat(result.validLossAfter().orElseThrow()).isLessThan(0.1);
    }
  }

  // ---- going on ----

  static Stream<Arguments> runs() {
    TuningSettings plain = settings().epochs(3).pace(new Pace(4, 0, 5));
    List<PreferencePair> pairs = new ArrayList<>();
    for (int i = 0; i + 1 < TRAIN.size(); i += 2) {
      pairs.add(new PreferencePair(TRAIN.get(i), TRAIN.get(i + 1)));
    }
    return Stream.of(
        Arguments.of("padded", "llama3", CONFIG.dropout(0.2), TEXTS, plain),
        Arguments.of(
            "LoRA+, packed, accumulated, computed again",
            "gpt2",
            CONFIG.dropout(0.1),
            TEXTS,
            plain
                .batching(Batching.of(1).accumulate(2).maxTokens(40).packing().recomputing())
                .loraPlus(LoraPlus.ratio(16))
                .optimizer(AdamW.Settings.of(1e-3))),
        Arguments.of("DoRA", "qwen3", CONFIG.dora(true), TEXTS, plain),
        Arguments.of(
            "PiSSA", "llama2", CONFIG.initialization(Initialization.named("pissa")), TEXTS, plain),
        Arguments.of(
            "preferences",
            "llama3",
            CONFIG,
            new TuningData.Preferences(pairs, pairs.subList(0, 3), 0.1),
            plain));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("runs")
  void stoppedAndResumedIsTheSameBitForBit(
      String name, String family, LoraConfig config, TuningData data, TuningSettings settings) {
    try (PointerScope scope = new PointerScope()) {
      TuningResult whole;
      Map<String, Tensor> expected;
      Listener all = new Listener(9_999);
      try (SmallModel model = SmallModel.with(family, config)) {
        TuningRequest request = request(model, data, settings);
        TuningRequest elsewhere =
            TuningRequest.of(
                    model.adapted, data, request.special(), directory.resolve("whole"), settings)
                .workers(2);
        whole = FineTuning.run(elsewhere, all);
        expected = model.learned();
      }
      List<TuningListener.Step> steps = new ArrayList<>();
      for (long stop : new long[] {1, 7, 8}) {
        Listener part = new Listener(stop);
        try (SmallModel model = SmallModel.with(family, config)) {
          TuningRequest request = request(model, data, settings);
          FineTuning.run(stop == 1 ? request : request.resumed(), part);
          assertThat(part.done).isEqualTo(steps.size());
          steps.addAll(part.steps);
        }
      }
      TuningResult last;
      Listener part = new Listener(9_999);
      try (SmallModel model = SmallModel.with(family, config)) {
        last = FineTuning.run(request(model, data, settings).resumed(), part);
        steps.addAll(part.steps);
        assertSameState(model.learned(), expected);
      }
      assertThat(steps.stream().map(step -> step.loss()).toList())
          .isEqualTo(all.steps.stream().map(step -> step.loss()).toList());
      assertThat(last.trainLoss()).isEqualTo(whole.trainLoss());
      assertThat(last.validLossAfter()).isEqualTo(whole.validLossAfter());
      assertThat(last.adapterStep()).isEqualTo(whole.adapterStep());
      assertThat(last.lossTokens()).isEqualTo(whole.lossTokens());
      try (SafetensorsFile one =
              SafetensorsFile.open(last.directory().resolve("adapter_model.safetensors"));
          SafetensorsFile other =
              SafetensorsFile.open(whole.directory().resolve("adapter_model.safetensors"))) {
        assertThat(one.names()).isEqualTo(other.names());
        one.names().forEach(n -> TensorAssert.assertThat(one.read(n)).isExactly(other.read(n)));
      }
    }
  }

  @Test
  void aRunThatWasAskedOtherwiseDoesNotGoOn() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      assertThatThrownBy(
              () ->
                  FineTuning.run(request(model, TEXTS, settings()).resumed(), TuningListener.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no run to resume in ");
      FineTuning.run(request(model, TEXTS, settings()), new Listener(2));

      assertThatThrownBy(
              () -> FineTuning.run(request(model, TEXTS, settings()), TuningListener.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("holds a run already: resume it, or choose another directory");
      TuningData other = new TuningData.Texts(VALID, TRAIN);
      TuningSettings another = settings().seed(4).batching(Batching.of(2).maxTokens(40));
      assertThatThrownBy(
              () ->
                  FineTuning.run(
                      request(model, other, another).workers(1).resumed(), TuningListener.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("batch: 4 then, 2 now")
          .hasMessageContaining("seed: 0 then, 4 now")
          .hasMessageContaining("workers: 2 then, 1 now")
          .hasMessageContaining("data_sha256: ");
    }
  }

  // ---- what goes wrong ----

  @Test
  void afterANumberThatIsNoneTheLastCheckpointIsThere() {
    TuningSettings settings = settings().epochs(4).pace(new Pace(0, 0, 3));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TuningListener spoiler =
          new TuningListener() {
            @Override
            public void onStep(Step step) {
              if (step.number() == 8) {
                Parameter a = model.adapted.parameters("default").get(0);
                a.copyFrom(torch.full_like(a.value(), new Scalar(Double.NaN)));
              }
            }
          };
      assertThatThrownBy(() -> FineTuning.run(request(model, TEXTS, settings), spoiler))
          .isInstanceOf(TrainingFailed.class)
          .hasMessageContaining("the loss is NaN at step 9, batch 1 of 1 (example ")
          .hasMessageContaining("checkpoint-6");
      assertThat(entries(directory.resolve("run"))).contains("checkpoint-6");
    }
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TuningResult result =
          FineTuning.run(request(model, TEXTS, settings).resumed(), TuningListener.NONE);
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
          "held-back example 1 has token 96, but the model's vocabulary has 0 to 95");
      assertRefused(
          model,
          Example.of(new int[] {5, 6}, new boolean[] {true, false}),
          "held-back example 1 has no token that carries loss");
      assertRefused(
          model,
          Example.of(new int[41], new boolean[41]),
          "held-back example 1 has 41 tokens, but max tokens is 40");
    }
  }

  private void assertRefused(SmallModel model, Example example, String message) {
    TuningData data = new TuningData.Texts(TRAIN, List.of(example));
    assertThatThrownBy(() -> FineTuning.run(request(model, data, settings()), TuningListener.NONE))
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
              () -> FineTuning.run(request(model, TEXTS, settings()), TuningListener.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("holds adapter_config.json already");
    }
  }

  @Test
  void aCheckpointThatCantBeWrittenLeavesTheLastOne() {
    TuningSettings settings = settings().epochs(4).pace(new Pace(0, 0, 3));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      TuningListener blocker =
          new TuningListener() {
            @Override
            public void onCheckpoint(Path checkpoint) {
              block(checkpoint.resolveSibling("checkpoint-6/in the way"));
            }
          };
      assertThatThrownBy(() -> FineTuning.run(request(model, NO_VALID, settings), blocker))
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
              () -> request(model, NO_VALID, settings().pace(Pace.byEpoch().patience(2))))
          .hasMessageContaining("an early end needs examples that are held back");
      TuningData pairs =
          new TuningData.Preferences(
              List.of(new PreferencePair(TRAIN.get(0), TRAIN.get(1))), List.of(), 0.1);
      assertThatThrownBy(() -> request(model, pairs, settings().batching(Batching.of(1).packing())))
          .hasMessageContaining("switch packing off");
    }
  }

  @Test
  void aBaseThatGaveUpARandomPartIsNotResumed() {
    LoraConfig random = CONFIG.initialization(Initialization.named("pissa_niter_2"));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", random)) {
      FineTuning.run(request(model, TEXTS, settings()), new Listener(1));
      assertThatThrownBy(
              () -> FineTuning.run(request(model, TEXTS, settings()).resumed(), new Listener(2)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("pissa_niter_2");
    }
  }

  @Test
  void anEvaluationThatGivesNoNumberEndsTheRun() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      Parameter a = model.adapted.parameters("default").get(0);
      a.copyFrom(torch.full_like(a.value(), new Scalar(Double.NaN)));
      assertThatThrownBy(() -> FineTuning.run(request(model, TEXTS, settings()), new Listener(9)))
          .isInstanceOf(TrainingFailed.class)
          .hasMessageContaining("what was held back is NaN after step 0")
          .hasMessageContaining("there is no checkpoint yet");
    }
  }
}
