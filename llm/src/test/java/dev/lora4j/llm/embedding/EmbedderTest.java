package dev.lora4j.llm.embedding;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares with sentence-transformers, on the models of {@code tools/encoder_embedding_fixtures.py}
 * and {@code tools/embedding_fixtures.py}.
 */
class EmbedderTest {
  private static final float TOLERANCE = 1e-5f;
  private static final int THREADS = 2;

  @TempDir Path directory;

  private static Path model(String name) {
    return Fixture.path("embedding/" + name);
  }

  private static Embedder open(String name) {
    return Embedder.open(model(name), THREADS, WeightStorage.asStored());
  }

  private static Fixture expected(String name) {
    return Fixture.read("embedding/" + name + "/expected.safetensors");
  }

  private static List<String> texts(Fixture expected) {
    List<String> texts = new ArrayList<>();
    for (JsonNode text : expected.metadata("texts")) {
      texts.add(text.asText());
    }
    return texts;
  }

  private static void check(List<float[]> found, Tensor wanted) {
    assertThat(found).hasSize((int) wanted.size(0));
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i))
          .as("text %s", i)
          .containsExactly(Ops.floats(wanted.select(0, i)), within(TOLERANCE));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "dense", "xlmr", "last", "mean"})
  void embeddingsAreThoseOfSentenceTransformers(String name) {
    try (PointerScope scope = new PointerScope();
        Embedder embedder = open(name)) {
      Fixture expected = expected(name);

      check(embedder.embed(texts(expected)), expected.tensor("embeddings"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bert, adapter",
    "bert, adapter2",
    "xlmr, adapter",
    "xlmr, adapter2",
    "dense, adapter"
  })
  void anAdapterGivesPeftsEmbeddings(String name, String adapter) {
    try (PointerScope scope = new PointerScope();
        Embedder embedder = open(name)) {
      Fixture expected = expected(name);
      embedder.load(adapter, model(name).resolve(adapter));

      EmbeddingOptions options = EmbeddingOptions.standard().adapters(adapter);

      check(embedder.embed(texts(expected), options), expected.tensor(adapter));
      check(embedder.embed(texts(expected)), expected.tensor("embeddings"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "dense", "xlmr"})
  void eachTextOfABatchHasItsOwnAdapter(String name) {
    try (PointerScope scope = new PointerScope();
        Embedder embedder = open(name)) {
      Fixture expected = expected(name);
      List<String> texts = texts(expected);
      embedder.load("adapter", model(name).resolve("adapter"));
      embedder.load("adapter2", model(name).resolve("adapter2"));
      List<String> kinds = List.of("adapter", LoraModel.BASE, "adapter2");
      List<String> adapters = new ArrayList<>();
      for (int i = 0; i < texts.size(); i++) {
        adapters.add(kinds.get(i % kinds.size()));
      }

      List<float[]> mixed = embedder.embed(texts, adapters, EmbeddingOptions.standard());

      for (int i = 0; i < mixed.size(); i++) {
        String kind = adapters.get(i).equals(LoraModel.BASE) ? "embeddings" : adapters.get(i);
        assertThat(mixed.get(i))
            .as("text %s with %s", i, kind)
            .containsExactly(Ops.floats(expected.tensor(kind).select(0, i)), within(TOLERANCE));
      }
    }
  }

  @Test
  void aLanguageModelComputesTextsOfAnAdapterTogether() {
    try (PointerScope scope = new PointerScope();
        Embedder embedder = open("last")) {
      Fixture expected = expected("last");
      List<String> texts = texts(expected);
      embedder.load("a", model("last").resolve("adapter"));

      List<float[]> mixed =
          embedder.embed(
              texts,
              List.of("a", LoraModel.BASE, "a", LoraModel.BASE),
              EmbeddingOptions.standard());

      for (int i = 0; i < mixed.size(); i++) {
        Tensor wanted = expected.tensor(i % 2 == 0 ? "adapted" : "embeddings").select(0, i);
        assertThat(mixed.get(i)).containsExactly(Ops.floats(wanted), within(TOLERANCE));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "xlmr"})
  void aNamedPromptIsPutBeforeEachText(String name) {
    try (PointerScope scope = new PointerScope();
        Embedder embedder = open(name)) {
      Fixture expected = expected(name);

      List<float[]> named =
          embedder.embed(texts(expected), EmbeddingOptions.standard().promptNamed("query"));
      List<float[]> given =
          embedder.embed(
              texts(expected),
              EmbeddingOptions.standard().prompt(requireNonNull(embedder.prompts().get("query"))));

      check(named, expected.tensor("query"));
      check(given, expected.tensor("query"));
    }
  }

  @Test
  void textsOverTheLimitAreTruncatedAndCounted() {
    try (Embedder embedder = open("bert")) {
      assertThat(embedder.maxTokens()).isEqualTo(16);

      embedder.embed(List.of("a", "The quick brown fox jumps over the lazy dog, and the dog"));

      assertThat(embedder.truncatedTexts()).isEqualTo(1);
    }
  }

  @Test
  void embeddingsDoNotDependOnTheOtherTextsNorTheirOrder() {
    try (Embedder embedder = open("bert")) {
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        texts.add("fox ".repeat(1 + i * 7 % 13) + i);
      }
      AtomicInteger done = new AtomicInteger();

      List<float[]> together = embedder.embed(texts, EmbeddingOptions.standard(), done::addAndGet);

      assertThat(done).hasValue(300);
      for (int i = 0; i < 300; i += 37) {
        assertThat(together.get(i))
            .containsExactly(embedder.embed(texts.get(i)), within(TOLERANCE));
      }
    }
  }

  @Test
  void noTextsHaveNoEmbeddings() {
    try (Embedder embedder = open("bert")) {
      assertThat(embedder.embed(List.of())).isEmpty();
    }
  }

  @Test
  void anEncoderAloneIsPooledByTheMeanWithAWarning() throws IOException {
    for (String file :
        List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(model("bert").resolve(file), directory.resolve(file));
    }
    try (Embedder alone = Embedder.open(directory);
        Embedder whole = open("bert")) {
      float[] mean = alone.embed("a");
      float[] unit = whole.embed("a");
      double norm = 0;
      for (float value : mean) {
        norm += value * value;
      }

      assertThat(alone.warnings()).singleElement().asString().contains("mean");
      assertThat(mean[5] / Math.sqrt(norm)).isCloseTo(unit[5], within(1e-5));
    }
  }

  @Test
  void unknownPromptsAndAdaptersAreNamedWithTheNearest() {
    try (Embedder embedder = open("bert")) {
      assertThatThrownBy(
              () -> embedder.embed("a", EmbeddingOptions.standard().promptNamed("qeury")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("did you mean query?");
      assertThatThrownBy(() -> embedder.embed("a", EmbeddingOptions.standard().adapters("b")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no adapter 'b'");
      assertThatThrownBy(() -> embedder.embed("a", EmbeddingOptions.standard().dimensions(25)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("1 to 24");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"pooling_mode\": \"attention\"} | attention",
        "{\"pooling_mode\": [\"mean\", \"max\"]} | mean + max",
        "{\"pooling_mode_mean_tokens\": true, \"pooling_mode_cls_token\": true} | cls, mean",
        "{\"pooling_mode\": \"mean\", \"include_prompt\": false} | include_prompt"
      })
  void aPoolingThatIsNotSupportedIsNamed(String config, String named) throws IOException {
    Files.createDirectories(directory.resolve("1_Pooling"));
    Files.writeString(
        directory.resolve("modules.json"),
        """
        [{"type": "sentence_transformers.models.Transformer", "path": ""},
         {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
        """);
    Files.writeString(directory.resolve("1_Pooling/config.json"), config);

    assertThatThrownBy(() -> EmbeddingConfig.in(ModelFiles.in(directory)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(named);
  }

  @ParameterizedTest
  @CsvSource({
    "CLS, 1 10",
    "MAX, 3 30",
    "MEAN, 2 20",
    "MEAN_SQRT_LENGTH, 3.4641016 34.641016",
    "WEIGHTED_MEAN, 2.3333333 23.333333",
    "LAST_TOKEN, 3 30"
  })
  void poolingsOfThreeTokens(TokenPooling pooling, String wanted) {
    try (PointerScope scope = new PointerScope()) {
      Tensor hidden = Ops.tensor(new float[] {1, 10, 2, 20, 3, 30}, 1, 3, 2);
      String[] values = wanted.split(" ", -1);

      assertThat(Ops.floats(pooling.pool(hidden)))
          .containsExactly(
              new float[] {Float.parseFloat(values[0]), Float.parseFloat(values[1])},
              within(1e-5f));
    }
  }
}
