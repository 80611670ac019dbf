package dev.lora4j.llm.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.io.download.CacheDirectory;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

/** all-MiniLM-L6-v2, where {@code tools/minilm.py} has put it, against sentence-transformers. */
class MiniLmTest {
  private static final Path MODEL =
      CacheDirectory.get().resolve("models").resolve("all-MiniLM-L6-v2");

  @Test
  void embeddingsAreThoseOfSentenceTransformers() {
    assumeTrue(Files.exists(MODEL), MODEL + " is not there; python tools/minilm.py gets it");
    Fixture expected = Fixture.read("embedding/minilm.safetensors");
    List<String> texts = new ArrayList<>();
    for (JsonNode text : expected.metadata("texts")) {
      texts.add(text.asText());
    }
    try (PointerScope scope = new PointerScope();
        Embedder embedder = Embedder.open(MODEL)) {
      List<float[]> embeddings = embedder.embed(texts);

      for (int i = 0; i < texts.size(); i++) {
        assertThat(embeddings.get(i))
            .as("text %s", i)
            .containsExactly(Ops.floats(expected.tensor("embeddings").select(0, i)), within(1e-5f));
      }
      assertThat(embedder.truncatedTexts()).isEqualTo(1);
    }
  }
}
