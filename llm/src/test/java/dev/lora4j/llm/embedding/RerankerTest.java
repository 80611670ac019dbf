package dev.lora4j.llm.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares with sentence-transformers' cross-encoders and Qwen3-Reranker's formula, on the models
 * of {@code tools/encoder_embedding_fixtures.py}.
 */
class RerankerTest {
  private static final float TOLERANCE = 1e-5f;

  @TempDir Path directory;

  private static Path model(String name) {
    return Fixture.path("reranking/" + name);
  }

  private static Reranker open(String name) {
    return Reranker.open(model(name), 2, WeightStorage.asStored());
  }

  private static Fixture expected(String name) {
    return Fixture.read("reranking/" + name + "/expected.safetensors");
  }

  private static List<TextPair> pairs(Fixture expected, String query) {
    List<TextPair> pairs = new ArrayList<>();
    for (JsonNode document : expected.metadata("documents")) {
      pairs.add(new TextPair(query, document.asText()));
    }
    return pairs;
  }

  private static final String QUERY = "Where does the quick fox jump?";

  @ParameterizedTest
  @ValueSource(strings = {"cross", "qwen3"})
  void scoresAreThoseOfThePeer(String name) {
    try (PointerScope scope = new PointerScope();
        Reranker reranker = open(name)) {
      Fixture expected = expected(name);

      float[] scores = reranker.score(pairs(expected, QUERY), RerankingOptions.standard());

      assertThat(scores).containsExactly(Ops.floats(expected.tensor("scores")), within(TOLERANCE));
    }
  }

  @Test
  void eachPairOfABatchHasItsOwnAdapterWithItsOwnHead() {
    try (PointerScope scope = new PointerScope();
        Reranker reranker = open("cross")) {
      Fixture expected = expected("cross");
      reranker.load("adapter", model("cross").resolve("adapter"));
      reranker.load("adapter2", model("cross").resolve("adapter2"));
      List<TextPair> pairs = pairs(expected, QUERY);
      List<String> adapters = List.of("adapter2", "adapter", LoraModel.BASE, "adapter2", "adapter");

      float[] mixed = reranker.score(pairs, adapters, Optional.empty());

      for (int i = 0; i < mixed.length; i++) {
        String kind = adapters.get(i).equals(LoraModel.BASE) ? "scores" : adapters.get(i);
        assertThat(mixed[i])
            .as("pair %s with %s", i, kind)
            .isCloseTo(Ops.floats(expected.tensor(kind))[i], within(TOLERANCE));
      }
      assertThat(reranker.score(pairs, RerankingOptions.standard().adapters("adapter")))
          .containsExactly(Ops.floats(expected.tensor("adapter")), within(TOLERANCE));
    }
  }

  @Test
  void aDecoderWithAHeadOfPeftGivesItsScores() {
    try (PointerScope scope = new PointerScope();
        Reranker reranker = Reranker.openForHeads(model("qwen3"), 2, WeightStorage.asStored())) {
      Fixture expected = expected("qwen3/head");
      assertThatThrownBy(() -> reranker.rank("a", List.of("b")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no weights of score");
      reranker.load("peft", model("qwen3").resolve("head"));

      float[] scores =
          reranker.score(pairs(expected, QUERY), RerankingOptions.standard().adapters("peft"));

      assertThat(scores).containsExactly(Ops.floats(expected.tensor("scores")), within(TOLERANCE));
    }
  }

  @Test
  void documentsAreRankedByTheirScore() {
    try (PointerScope scope = new PointerScope();
        Reranker reranker = open("cross")) {
      Fixture expected = expected("cross");
      List<String> documents = pairs(expected, QUERY).stream().map(TextPair::document).toList();

      List<RankedDocument> ranked = reranker.rank(QUERY, documents);

      float[] scores = Ops.floats(expected.tensor("scores"));
      assertThat(ranked).hasSameSizeAs(documents);
      for (int i = 0; i < ranked.size(); i++) {
        RankedDocument one = ranked.get(i);
        assertThat(one.document()).isEqualTo(documents.get(one.index()));
        assertThat(one.score()).isCloseTo(scores[one.index()], within(TOLERANCE));
        assertThat(i == 0 || ranked.get(i - 1).score() >= one.score()).isTrue();
      }
    }
  }

  @Test
  void longDocumentsAreTruncatedAndCounted() {
    try (PointerScope scope = new PointerScope();
        Reranker reranker = open("cross")) {
      reranker.score(pairs(expected("cross"), QUERY), RerankingOptions.standard());

      assertThat(reranker.truncatedPairs()).isEqualTo(3);
    }
  }

  @Test
  void theInstructionIsPartOfALanguageModelsPrompt() {
    try (PointerScope scope = new PointerScope();
        Reranker reranker = open("qwen3");
        Reranker cross = open("cross")) {
      List<TextPair> pairs = pairs(expected("qwen3"), QUERY);
      RerankingOptions told = RerankingOptions.standard().instruction("Find a dog");

      assertThat(reranker.score(pairs, told))
          .isNotEqualTo(reranker.score(pairs, RerankingOptions.standard()));
      assertThatThrownBy(() -> cross.score(pairs, told))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no instruction");
    }
  }

  @Test
  void anEncoderWithoutAClassifierScoresOnlyWithAnAdapterThatBringsOne() throws IOException {
    for (String file :
        List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(Fixture.path("embedding/bert").resolve(file), directory.resolve(file));
    }
    try (Reranker reranker = Reranker.open(directory)) {
      assertThatThrownBy(() -> reranker.rank("a", List.of("b")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("classifier");
    }
  }

  @Test
  void severalLabelsAreNoReranker() {
    assertThatThrownBy(() -> Reranker.open(Fixture.path("encoder/bert")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("3 labels");
  }

  @Test
  void aLanguageModelWithoutYesAndNoIsNoReranker() {
    assertThatThrownBy(() -> Reranker.open(Fixture.path("embedding/last")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("'yes'");
  }
}
