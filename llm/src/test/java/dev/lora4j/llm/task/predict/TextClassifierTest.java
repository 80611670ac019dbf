package dev.lora4j.llm.task.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.TinyTask;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.task.predict.TextClassifier.Request;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextClassifierTest {
  private static final float TOLERANCE = 1e-4f;
  private static final Path DECODER = Path.of("src/test/resources/fixtures/task/decoder");

  @TempDir static Path directory;

  /** An adapter with five labels instead of three. */
  private static Path fiveLabels;

  @BeforeAll
  static void train() {
    fiveLabels = directory.resolve("five");
    Path data = TinyTask.tickets(directory.resolve("tickets.csv"), 12);
    FineTuneRecipe.of(TinyTask.DIRECTORY.toString())
        .directory(TinyTask.DIRECTORY)
        .task(TextTask.MULTI_LABEL)
        .labels(List.of("access", "billing", "delivery", "spam", "other"))
        .data(data)
        .rank(2)
        .workers(1)
        .validFraction(0)
        .settings(TrainingArguments.of(1e-2).batching(BatchConfig.of(4)).steps(3))
        .run(fiveLabels);
  }

  @Test
  void logitsOfTextsAndPairsAreThoseOfPeft() {
    try (TinyTask tiny = new TinyTask();
        PointerScope scope = new PointerScope();
        TextClassifier classifier = TextClassifier.open(TinyTask.DIRECTORY, 2)) {
      classifier.load("peft", TinyTask.ADAPTER);
      List<Request> requests = new ArrayList<>();
      tiny.texts().forEach(text -> requests.add(Request.of("peft", text)));
      tiny.pairs().forEach(pair -> requests.add(Request.of("peft", pair.get(0), pair.get(1))));

      List<Prediction> predictions = classifier.classify(requests);

      Tensor expected = tiny.expected().read("logits");
      for (int i = 0; i < predictions.size(); i++) {
        assertThat(predictions.get(i).logits())
            .containsExactly(Ops.floats(expected.select(0, i)), within(TOLERANCE));
      }
      assertThat(classifier.labels("peft")).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
    }
  }

  @Test
  void aDecoderReadsTheLastTokenAsPeftDoes() {
    Path base = Path.of("src/test/resources/fixtures/llm/llama3");
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        SafetensorsFile expected = SafetensorsFile.open(DECODER.resolve("expected.safetensors"));
        TaskNetwork network =
            TaskNetworks.load(
                ModelFiles.at(base), TextTask.TEXT_CLASSIFICATION, 3, WeightStorage.asStored())) {
      LoraModel model = Lora.base(network.module());
      model.load("peft", DECODER.resolve("adapter"));
      List<TokenSequence> texts = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int[] ids =
            Arrays.stream(Ops.longs(expected.read("ids." + i))).mapToInt(id -> (int) id).toArray();
        texts.add(TokenSequence.of(ids));
      }
      try (AdapterScope active = model.using("peft")) {
        TensorAssert.assertThat(network.outputs(texts))
            .isCloseTo(expected.read("logits"), TOLERANCE);
      }
    }
  }

  @Test
  void adaptersWithOtherHeadsShareABatch() {
    try (TinyTask tiny = new TinyTask();
        TextClassifier classifier = TextClassifier.open(TinyTask.DIRECTORY, 1)) {
      classifier.load("three", TinyTask.ADAPTER);
      classifier.load("five", fiveLabels);
      List<Request> mixed = new ArrayList<>();
      for (String text : tiny.texts()) {
        mixed.add(Request.of("three", text));
        mixed.add(Request.of("five", text));
      }

      List<Prediction> together = classifier.classify(mixed);

      for (int i = 0; i < mixed.size(); i++) {
        Prediction alone = classifier.classify(mixed.get(i).adapter(), mixed.get(i).text());
        assertThat(together.get(i).logits())
            .as(mixed.get(i).toString())
            .containsExactly(alone.logits(), within(TOLERANCE));
      }
      assertThat(together.get(1).labels().names())
          .containsExactly("access", "billing", "delivery", "spam", "other");
      assertThat(together.get(0).probabilities()).hasSize(3);
    }
  }

  @Test
  void aPoolerThatAnAdapterSavesDoesNotKeepItFromMixing() {
    try (TaskNetwork network =
        TaskNetworks.load(
            ModelFiles.at(TinyTask.DIRECTORY),
            TextTask.TEXT_CLASSIFICATION,
            5,
            WeightStorage.asStored())) {
      LoraModel model = Lora.base(network.module());
      model.load("five", fiveLabels);

      assertThat(model.config("five").modulesToSave()).contains("bert.pooler");
      assertThat(network.mixes(model, List.of("five"))).isTrue();
    }
  }

  @Test
  void anUnknownAdapterIsNamedWithTheNearestOnes() {
    try (TextClassifier classifier = TextClassifier.open(TinyTask.DIRECTORY, 1)) {
      assertThatThrownBy(() -> classifier.classify("acme", "a"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no adapter is loaded");
      classifier.load("acme", TinyTask.ADAPTER);

      assertThatThrownBy(() -> classifier.classify("acmee", "a"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("did you mean acme");
    }
  }

  @Test
  void aRemovedAdapterCanBeLoadedAgain() {
    try (TextClassifier classifier = TextClassifier.open(TinyTask.DIRECTORY, 1)) {
      classifier.load("a", TinyTask.ADAPTER);
      float[] before = classifier.classify("a", "my card").logits();
      classifier.remove("a");
      classifier.load("a", fiveLabels);
      classifier.remove("a");
      classifier.load("a", TinyTask.ADAPTER);

      assertThat(classifier.classify("a", "my card").logits()).containsExactly(before);
    }
  }
}
