package dev.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings of a base model and an adapter, compared with sentence-transformers. */
class LoraEmbeddingModelTest {
  private static final Path MODEL = LoraEmbeddingModelKitTest.MODEL;
  private static LoraEngine engine;

  @TempDir Path directory;

  @BeforeAll
  static void open() {
    engine =
        LoraEngine.builder()
            .model(MODEL)
            .baseName("base")
            .adapter("adapted", MODEL.resolve("adapter"))
            .build();
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static LoraEmbeddingModel model(String name) {
    return LoraEmbeddingModel.builder().engine(engine).modelName(name).build();
  }

  @Test
  void eachAdapterHasTheEmbeddingsOfSentenceTransformers() throws IOException {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile expected = SafetensorsFile.open(MODEL.resolve("expected.safetensors"))) {
      JsonNode texts = new ObjectMapper().readTree(expected.metadata().get("texts"));
      for (int i = 0; i < texts.size(); i++) {
        String text = texts.get(i).asText();
        assertThat(model("base").embed(text).content().vector())
            .containsExactly(Ops.floats(expected.read("embeddings").select(0, i)), within(1e-5f));
        assertThat(model("adapted").embed(text).content().vector())
            .containsExactly(Ops.floats(expected.read("adapted").select(0, i)), within(1e-5f));
      }
    }
  }

  @Test
  void wrongRequestsAreLangChain4jsExceptions() {
    assertThatThrownBy(() -> model("adopted").embed("a"))
        .isInstanceOf(ModelNotFoundException.class)
        .hasMessageContaining("adapted");
    assertThatThrownBy(() -> model("base").embed("long ".repeat(200)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("inputs[0]")
        .hasMessageContaining("128");
    EmbeddingRequest many = EmbeddingRequest.builder().input("a").dimensions(33).build();
    assertThatThrownBy(() -> model("base").embed(many))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("dimensions")
        .hasMessageContaining("32");
  }

  @Test
  void aChatModelIsRefusedWithTheReason() {
    Path chat = SavedTextModel.chatty(directory.resolve("chat"));
    try (LoraEngine other = LoraEngine.builder().model(chat).build()) {
      assertThatThrownBy(() -> LoraEmbeddingModel.builder().engine(other).build())
          .isInstanceOf(UserError.class)
          .hasMessageContaining("modules.json");
    }
  }
}
