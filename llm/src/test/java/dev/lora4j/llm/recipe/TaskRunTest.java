package dev.lora4j.llm.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.PythonPeer;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.TinyTask;
import dev.lora4j.llm.task.predict.AdaptedTask;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.llm.task.score.ClassificationScore;
import dev.lora4j.llm.task.train.TaskLosses;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs of tasks on a tiny encoder, from a data file to an adapter directory. */
class TaskRunTest {
  private static final TrainingArguments SETTINGS =
      TrainingArguments.of(1e-2)
          .batching(BatchConfig.of(8).maxSeqLength(48))
          .epochs(8)
          .pace(new EvalAndSavePolicy(0, 0, 3));

  @TempDir Path directory;

  private FineTuneRecipe recipe(TextTask task, Path data) {
    return FineTuneRecipe.of(TinyTask.DIRECTORY.toString())
        .directory(TinyTask.DIRECTORY)
        .task(task)
        .data(data)
        .rank(4)
        .workers(2)
        .validFraction(0.25)
        .settings(SETTINGS);
  }

  private Path data(TextTask task) throws IOException {
    Path file = directory.resolve("data.jsonl");
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 24; i++) {
      String word = i % 2 == 0 ? "card" : "parcel";
      rows.append(
          switch (task) {
            case TEXT_CLASSIFICATION ->
                "{\"text\":\"my %s %d\",\"label\":\"%s\"}".formatted(word, i, word);
            case MULTI_LABEL ->
                "{\"text\":\"my %s %d\",\"labels\":[\"%s\"%s]}"
                    .formatted(word, i, word, i % 3 == 0 ? ",\"late\"" : "");
            case TEXT_REGRESSION ->
                "{\"text\":\"my %s %d\",\"score\":%d}".formatted(word, i, i % 2);
            case TOKEN_CLASSIFICATION ->
                "{\"tokens\":[\"my\",\"%s\",\"%d\"],\"ner_tags\":[\"O\",\"B-%s\",\"O\"]}"
                    .formatted(word, i, word);
            case EMBEDDING ->
                "{\"anchor\":\"my %s %d\",\"positive\":\"the %s %d\"}".formatted(word, i, word, i);
            case RERANKING ->
                "{\"query\":\"%s\",\"passage\":\"my %s %d\",\"label\":%d}"
                    .formatted(i < 12 ? "card" : "parcel", word, i, i % 2);
          });
      rows.append('\n');
    }
    return Files.writeString(file, rows);
  }

  @ParameterizedTest
  @EnumSource
  void everyTaskLearns(TextTask task) throws IOException {
    try (TaskRun run = recipe(task, data(task)).openTask(directory.resolve("out"))) {
      TaskRun.Result result = run.train(TrainingCallback.NONE);

      assertThat(result.training().validLossAfter().getAsDouble())
          .isLessThan(result.training().validLossBefore().getAsDouble());
      assertThat(result.after()).isPresent();
    }
  }

  @Test
  void peftComputesTheSameOutputsForEveryTask() throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("PEFT");
    List<Object> arguments = new ArrayList<>(List.of(TinyTask.DIRECTORY));
    for (TextTask task : TextTask.values()) {
      Path out = directory.resolve(task.word());
      recipe(task, data(task)).run(out);
      writeOutputs(out, out.resolve("computed.safetensors"));
      arguments.add(out);
    }

    PythonPeer.Answer answer = python.run("check_task.py", arguments.toArray());

    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(answer.text().lines().filter(line -> line.contains("\"ok\": true")))
        .hasSize(TextTask.values().length);
  }

  private static void writeOutputs(Path adapter, Path file) {
    List<TokenSequence> texts =
        List.of(TokenSequence.of(2, 6, 17, 3), TokenSequence.of(2, 3), TokenSequence.of(2, 9, 3));
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        AdaptedTask task =
            AdaptedTask.open(
                ModelFiles.at(TinyTask.DIRECTORY), adapter, WeightStorage.asStored())) {
      task.load("own", adapter, BaseCheck.SAME_BASE);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (int i = 0; i < texts.size(); i++) {
        long[] ids = Arrays.stream(texts.get(i).ids()).asLongStream().toArray();
        tensors.put("ids." + i, Ops.tensor(ids));
      }
      try (AdapterScope active = task.model().using("own")) {
        tensors.put("outputs", task.network().outputs(texts).contiguous());
      }
      SafetensorsWriter.write(file, tensors, Map.of());
    }
  }

  @Test
  void aClassifierLearnsItsClassesAndIsCalibrated() {
    Path data = TinyTask.tickets(directory.resolve("tickets.csv"), 96);
    Path out = directory.resolve("out");
    TaskRun.Result result;
    try (TaskRun run = recipe(TextTask.TEXT_CLASSIFICATION, data).openTask(out)) {
      result = run.train(TrainingCallback.NONE);
    }

    ClassificationScore after = (ClassificationScore) result.after().orElseThrow();
    assertThat(after.accuracy()).isGreaterThan(0.9);
    assertThat(result.baseline()).isPresent();
    assertThat(result.calibration().examples()).isEqualTo(24);
    JsonDocument config = JsonDocument.read(out.resolve("config.json"));
    assertThat(LabelNames.in(config).orElseThrow().names())
        .containsExactly("access", "billing", "delivery");
    assertThat(config.texts("architectures")).containsExactly("BertForSequenceClassification");
    assertThat(config.text("problem_type", "")).isEqualTo("single_label_classification");
    JsonDocument adapter = JsonDocument.read(out.resolve("adapter_config.json"));
    assertThat(adapter.text("task_type", "")).isEqualTo("SEQ_CLS");
    assertThat(adapter.texts("modules_to_save")).contains("classifier");
    try (TextClassifier classifier = TextClassifier.open(TinyTask.DIRECTORY, 1)) {
      classifier.load("own", out);
      assertThat(classifier.classify("own", "my parcel was late and the courier too").label())
          .isEqualTo("delivery");
    }
  }

  @Test
  void aResumedRunHasTheBitsOfAnUninterruptedOne() throws IOException {
    Path data = TinyTask.tickets(directory.resolve("tickets.csv"), 48);
    Path whole = directory.resolve("whole");
    Path halved = directory.resolve("halved");
    recipe(TextTask.TEXT_CLASSIFICATION, data).run(whole);
    TrainingCallback stopping =
        new TrainingCallback() {
          private long steps;

          @Override
          public void onStep(Step step) {
            steps = step.number();
          }

          @Override
          public boolean wantsToStop() {
            return steps == 7;
          }
        };
    try (TaskRun run = recipe(TextTask.TEXT_CLASSIFICATION, data).openTask(halved)) {
      run.train(stopping);
    }

    recipe(TextTask.TEXT_CLASSIFICATION, data).resume().run(halved);

    String weights = "adapter_model.safetensors";
    assertThat(Files.readAllBytes(halved.resolve(weights)))
        .isEqualTo(Files.readAllBytes(whole.resolve(weights)));
  }

  @Test
  void oneClassIsRefused() throws IOException {
    Path data = Files.writeString(directory.resolve("a.csv"), "text,label\na,x\nb,x\n");

    assertThatThrownBy(
            () -> recipe(TextTask.TEXT_CLASSIFICATION, data).openTask(directory.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("every row has the label 'x'");
  }

  @Test
  void aLabelUnseenInTrainingIsNamedWithItsRow() throws IOException {
    Path data = Files.writeString(directory.resolve("a.csv"), "text,label\na,yes\nb,no\n");
    Path valid = Files.writeString(directory.resolve("v.csv"), "text,label\na,yess\n");

    assertThatThrownBy(
            () ->
                recipe(TextTask.TEXT_CLASSIFICATION, data)
                    .valid(valid)
                    .openTask(directory.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("v.csv, row 1")
        .hasMessageContaining("did you mean yes");
  }

  @Test
  void aLossOfEmbeddingsIsRefusedForAClassifier() {
    Path data = TinyTask.tickets(directory.resolve("tickets.csv"), 12);
    FineTuneRecipe recipe =
        recipe(TextTask.TEXT_CLASSIFICATION, data)
            .losses(new TaskLosses(Optional.of("triplet"), Map.of(), false));

    assertThatThrownBy(() -> recipe.openTask(directory.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is for embeddings");
  }
}
