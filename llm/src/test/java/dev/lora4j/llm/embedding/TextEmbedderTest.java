package dev.lora4j.llm.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares with sentence-transformers, on the models of {@code tools/embedding_fixtures.py}. */
class TextEmbedderTest {
  private static final Path FIXTURES = Path.of("src/test/resources/fixtures/embedding");
  private static final float TOLERANCE = 1e-5f;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"last", "mean"})
  void embeddingsAreThoseOfSentenceTransformers(String pooling) throws IOException {
    Path folder = FIXTURES.resolve(pooling);
    try (PointerScope scope = new PointerScope();
        ChatModel model = ChatModel.open(folder);
        SafetensorsFile expected = SafetensorsFile.open(folder.resolve("expected.safetensors"))) {
      model.load("adapter", folder.resolve("adapter"), BaseCheck.SAME_BASE);
      TextEmbedder embedder = model.embedder().orElseThrow();
      JsonNode texts = new ObjectMapper().readTree(expected.metadata().get("texts"));
      for (int i = 0; i < texts.size(); i++) {
        int[] ids = model.format().tokenizer().encode(texts.get(i).asText());
        float[] plain = Ops.floats(expected.read("embeddings").select(0, i));
        float[] adapted = Ops.floats(expected.read("adapted").select(0, i));

        try (AdapterScope none = model.using(List.of())) {
          assertThat(embedder.embed(ids)).containsExactly(plain, within(TOLERANCE));
        }
        try (AdapterScope active = model.using(List.of("adapter"))) {
          assertThat(embedder.embed(ids)).containsExactly(adapted, within(TOLERANCE));
        }
      }
    }
  }

  @Test
  void fewerDimensionsAreTakenBeforeTheNormalisation() {
    try (ChatModel model = ChatModel.open(FIXTURES.resolve("last"))) {
      TextEmbedder embedder = model.embedder().orElseThrow();
      int[] ids = {5, 6, 7};
      float[] whole = embedder.embed(ids);

      float[] half = embedder.embed(ids, 16);

      assertThat(half).hasSize(16);
      assertThat(half[3] / half[0]).isCloseTo(whole[3] / whole[0], within(TOLERANCE));
      double squares = 0;
      for (float value : half) {
        squares += value * value;
      }
      assertThat(squares).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void modulesThatAreNotSupportedAreNamed() throws IOException {
    Files.writeString(
        directory.resolve("modules.json"),
        """
        [{"type": "sentence_transformers.models.Transformer", "path": ""},
         {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
         {"type": "sentence_transformers.models.LSTM", "path": "2_LSTM"}]
        """);

    assertThatThrownBy(() -> EmbeddingConfig.in(ModelFiles.in(directory)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("LSTM");
  }

  @Test
  void formerPoolingConfigsAreRead() throws IOException {
    Files.createDirectories(directory.resolve("1_Pooling"));
    Files.writeString(
        directory.resolve("modules.json"),
        """
        [{"type": "sentence_transformers.models.Transformer", "path": ""},
         {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
        """);
    Files.writeString(
        directory.resolve("1_Pooling/config.json"),
        "{\"pooling_mode_mean_tokens\": false, \"pooling_mode_lasttoken\": true}");

    assertThat(EmbeddingConfig.in(ModelFiles.in(directory)))
        .contains(new EmbeddingConfig(TokenPooling.LAST_TOKEN, false));
  }
}
