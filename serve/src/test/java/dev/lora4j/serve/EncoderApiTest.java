package dev.lora4j.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.serve.TestClient.Reply;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A server with a BERT of sentence-transformers as its only base model. */
class EncoderApiTest {
  private static final Path FIXTURE =
      Path.of("..", "llm", "src/test/resources/fixtures/embedding/bert");
  private static final int SHORT_TEXT = 6;

  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() {
    server =
        LoraServer.builder()
            .model("bert", FIXTURE)
            .adapter("legal", FIXTURE.resolve("adapter"))
            .port(0)
            .start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Reply embed(String model, String text) {
    return client.post(
        "/v1/embeddings", "{\"model\": \"%s\", \"input\": \"%s\"}".formatted(model, text));
  }

  private static float[] vector(Reply reply) {
    JsonNode values = reply.json().at("/data/0/embedding");
    float[] vector = new float[values.size()];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = values.get(i).floatValue();
    }
    return vector;
  }

  @Test
  void embeddingsAreThoseOfSentenceTransformersForTheBaseAndItsAdapter() throws IOException {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile expected = SafetensorsFile.open(FIXTURE.resolve("expected.safetensors"))) {
      String texts = requireNonNull(expected.metadata().get("texts"));
      String text = new ObjectMapper().readTree(texts).get(SHORT_TEXT).asText();

      assertThat(vector(embed("bert", text)))
          .containsExactly(
              Ops.floats(expected.read("embeddings").select(0, SHORT_TEXT)), within(1e-5f));
      assertThat(vector(embed("legal", text)))
          .containsExactly(
              Ops.floats(expected.read("adapter").select(0, SHORT_TEXT)), within(1e-5f));
    }
  }

  @Test
  void completionsOfAnEncoderAreRefused() {
    Reply chat =
        client.post(
            "/v1/chat/completions",
            "{\"model\": \"bert\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}");
    Reply text = client.post("/v1/completions", "{\"model\": \"legal\", \"prompt\": \"a\"}");

    for (Reply refused : new Reply[] {chat, text}) {
      assertThat(refused.status()).isEqualTo(400);
      assertThat(refused.json().at("/error/message").asText()).contains("/v1/embeddings");
    }
  }

  @Test
  void modelsHealthAndTokensAreAnswered() {
    assertThat(client.get("/v1/models").json().toString()).contains("bert", "legal");
    assertThat(client.get("/health/ready").status()).isEqualTo(200);
    assertThat(client.post("/tokenize", "{\"prompt\": \"a\"}").json().path("count").asInt())
        .isEqualTo(3);
  }
}
