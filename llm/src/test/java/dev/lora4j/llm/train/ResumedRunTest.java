package dev.lora4j.llm.train;

import static dev.lora4j.TensorAssert.assertSameState;
import static dev.lora4j.llm.train.SmallRun.CONFIG;
import static dev.lora4j.llm.train.SmallRun.TEXTS;
import static dev.lora4j.llm.train.SmallRun.TRAIN;
import static dev.lora4j.llm.train.SmallRun.VALID;
import static dev.lora4j.llm.train.SmallRun.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Interrupted runs resume as if uninterrupted, or report why they can't. */
class ResumedRunTest {
  private final Path directory;

  ResumedRunTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private TrainingJob request(SmallModel model, Objective data, TrainingArguments settings) {
    return new SmallRun(directory.resolve("run")).request(model, data, settings);
  }

  static Stream<Arguments> runs() {
    TrainingArguments plain = settings().epochs(3).pace(new EvalAndSavePolicy(4, 0, 5));
    List<PreferencePair> pairs = new ArrayList<>();
    for (int i = 0; i + 1 < TRAIN.size(); i += 2) {
      pairs.add(new PreferencePair(TRAIN.get(i), TRAIN.get(i + 1)));
    }
    return Stream.of(
        Arguments.of("alone", "llama3", CONFIG.dropout(0.2), TEXTS, plain),
        Arguments.of(
            "LoRA+, packed, accumulated, computed again",
            "gpt2",
            CONFIG.dropout(0.1),
            TEXTS,
            plain
                .batching(
                    BatchConfig.of(1)
                        .gradientAccumulationSteps(2)
                        .maxSeqLength(40)
                        .packing()
                        .gradientCheckpointing())
                .loraPlus(LoraPlus.ratio(16))
                .optimizer(AdamW.Settings.of(1e-3))),
        Arguments.of("DoRA", "qwen3", CONFIG.dora(true), TEXTS, plain),
        Arguments.of(
            "PiSSA", "llama2", CONFIG.initialization(Initialization.named("pissa")), TEXTS, plain),
        Arguments.of(
            "preferences",
            "llama3",
            CONFIG,
            new DpoObjective(pairs, pairs.subList(0, 3), 0.1),
            plain));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("runs")
  void stoppedAndResumedIsTheSameBitForBit(
      String name, String family, LoraConfig config, Objective data, TrainingArguments settings) {
    try (PointerScope scope = new PointerScope()) {
      LanguageModelTrainingResult whole;
      Map<String, Tensor> expected;
      HeardRun all = new HeardRun(9_999);
      try (SmallModel model = SmallModel.with(family, config)) {
        TrainingJob elsewhere =
            TrainingJob.of(model.adapted, data, directory.resolve("whole"), settings).workers(2);
        whole = LanguageModelTrainer.run(elsewhere, all);
        expected = model.learned();
      }
      List<TrainingCallback.Step> steps = new ArrayList<>();
      for (long stop : new long[] {1, 7, 8}) {
        HeardRun part = new HeardRun(stop);
        try (SmallModel model = SmallModel.with(family, config)) {
          TrainingJob request = request(model, data, settings);
          LanguageModelTrainer.run(stop == 1 ? request : request.resumed(), part);
          assertThat(part.done).isEqualTo(steps.size());
          steps.addAll(part.steps);
        }
      }
      LanguageModelTrainingResult last;
      HeardRun part = new HeardRun(9_999);
      try (SmallModel model = SmallModel.with(family, config)) {
        last = LanguageModelTrainer.run(request(model, data, settings).resumed(), part);
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
                  LanguageModelTrainer.run(
                      request(model, TEXTS, settings()).resumed(), TrainingCallback.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no run to resume in ");
      LanguageModelTrainer.run(request(model, TEXTS, settings()), new HeardRun(2));

      assertThatThrownBy(
              () ->
                  LanguageModelTrainer.run(
                      request(model, TEXTS, settings()), TrainingCallback.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("already holds a run: resume it, or choose another directory");
      Objective other = new CausalLmObjective(VALID, TRAIN);
      TrainingArguments another = settings().seed(4).batching(BatchConfig.of(2).maxSeqLength(40));
      assertThatThrownBy(
              () ->
                  LanguageModelTrainer.run(
                      request(model, other, another).workers(1).resumed(), TrainingCallback.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("batch: was 4, is now 2")
          .hasMessageContaining("seed: was 0, is now 4")
          .hasMessageContaining("workers: was 2, is now 1")
          .hasMessageContaining("data_sha256: ");
    }
  }

  @Test
  void settingsAreRecordedAsJsonValues() throws IOException {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      LanguageModelTrainer.run(
          request(model, TEXTS, settings().loraPlus(LoraPlus.ratio(16))), new HeardRun(1));
      ObjectNode run = JsonDocument.read(directory.resolve("run/run.json")).json();

      assertThat(run.toString()).doesNotContain("[name", "LoraConfig", "Settings", "Epochs");
      assertThat(run.at("/batch").asInt()).isEqualTo(4);
      assertThat(run.at("/length/epochs").asInt()).isEqualTo(1);
      assertThat(run.at("/optimizer/learning_rate").asDouble()).isEqualTo(1e-2);
      assertThat(run.at("/lora_plus/ratio").asDouble()).isEqualTo(16);
      assertThat(run.at("/schedule/shape").asText()).isEqualTo("cosine");
      assertThat(run.at("/adapter/r").asInt()).isEqualTo(4);
      assertThat(run.at("/adapter/target_modules").asText()).isEqualTo("all-linear");
    }
  }

  @Test
  void runOfVersion010Resumes() throws IOException {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      LanguageModelTrainer.run(request(model, TEXTS, settings()), new HeardRun(2));
    }
    Path file = directory.resolve("run/run.json");
    ObjectNode run = JsonDocument.read(file).json();
    run.fieldNames().forEachRemaining(name -> run.put(name, run.path(name).asText()));
    run.put("length", "Epochs[count=1]");
    run.put(
        "optimizer",
        "Settings[learningRate=0.01, beta1=0.9, beta2=0.999, epsilon=1.0E-8, weightDecay=0.0]");
    run.put("lora_plus", "none");
    run.put("schedule", "Schedule[shape=COSINE, warmUp=0]");
    run.put("pace", "Pace[evaluateEvery=0, patience=0, checkpointEvery=0]");
    run.put(
        "adapter",
        "LoraConfig[rank=4, alpha=8.0, targets=EveryLinear[], exclude=Named[names=[]], dropout=0.0,"
            + " bias=NONE, loraBias=false, rsLora=false, dora=false, initialization=Standard[],"
            + " rankPattern=PathPatterns[values={}], alphaPattern=PathPatterns[values={}],"
            + " layersToTransform=[], layersPattern=[], modulesToSave=[], targetParameters=[],"
            + " trainableTokens={}, otherKeys={}]");
    Files.write(file, JsonDocument.bytes(run));

    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG.dropout(0.1))) {
      assertThatThrownBy(
              () ->
                  LanguageModelTrainer.run(
                      request(model, TEXTS, settings()).resumed(), TrainingCallback.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("adapter: was LoraConfig[rank=4, alpha=8.0")
          .hasMessageNotContainingAny("optimizer", "pace", "lora_plus");
    }
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", CONFIG)) {
      HeardRun resumed = new HeardRun(1);
      LanguageModelTrainer.run(request(model, TEXTS, settings()).resumed(), resumed);
      assertThat(resumed.steps.get(0).number()).isEqualTo(3);
    }
  }

  @Test
  void aBaseThatGaveUpARandomPartIsNotResumed() {
    LoraConfig random = CONFIG.initialization(Initialization.named("pissa_niter_2"));
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", random)) {
      LanguageModelTrainer.run(request(model, TEXTS, settings()), new HeardRun(1));
      assertThatThrownBy(
              () ->
                  LanguageModelTrainer.run(
                      request(model, TEXTS, settings()).resumed(), new HeardRun(2)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("pissa_niter_2");
    }
  }
}
