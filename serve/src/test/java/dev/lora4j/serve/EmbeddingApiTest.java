package dev.lora4j.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.serve.TestClient.Reply;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Collections;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with an embedding model of sentence-transformers and a chat model. */
class EmbeddingApiTest {
  private static final Path FIXTURE =
      Path.of("..", "llm", "src/test/resources/fixtures/embedding/last");
  private static final float TOLERANCE = 1e-5f;

  @TempDir static Path directory;
  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() {
    server =
        LoraServer.builder()
            .model("embedder", FIXTURE)
            .model("chat", SavedTextModel.chatty(directory.resolve("chat")))
            .adapter("adapted", FIXTURE.resolve("adapter"))
            .port(0)
            .start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Reply embed(String model, String input, String more) {
    return client.post(
        "/v1/embeddings", "{\"model\": \"%s\", \"input\": %s%s}".formatted(model, input, more));
  }

  private static float[] vector(JsonNode values) {
    float[] vector = new float[values.size()];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = values.get(i).floatValue();
    }
    return vector;
  }

  @Test
  void embeddingsAreThoseOfSentenceTransformersForEachAdapter() {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile expected = SafetensorsFile.open(FIXTURE.resolve("expected.safetensors"))) {
      String texts = requireNonNull(expected.metadata().get("texts"));

      JsonNode plain = embed("embedder", texts, "").json();
      JsonNode adapted = embed("adapted", texts, "").json();

      assertThat(plain.get("data")).hasSize(4);
      for (int i = 0; i < 4; i++) {
        assertThat(vector(plain.at("/data/" + i + "/embedding")))
            .containsExactly(
                Ops.floats(expected.read("embeddings").select(0, i)), within(TOLERANCE));
        assertThat(vector(adapted.at("/data/" + i + "/embedding")))
            .containsExactly(Ops.floats(expected.read("adapted").select(0, i)), within(TOLERANCE));
      }
    }
  }

  @Test
  void aTextAndItsTokensHaveTheSameEmbeddingInEitherFormat() {
    JsonNode tokens =
        client
            .post("/tokenize", "{\"model\": \"embedder\", \"prompt\": \"Explain gravity\"}")
            .json()
            .get("tokens");

    JsonNode ofText = embed("embedder", "\"Explain gravity\"", "").json();
    JsonNode ofTokens = embed("embedder", tokens.toString(), "").json();
    JsonNode ofList =
        embed("embedder", "[" + tokens + "]", ", \"encoding_format\": \"base64\"").json();

    assertThat(ofTokens.get("data")).isEqualTo(ofText.get("data"));
    assertThat(ofText.at("/usage/prompt_tokens").asInt()).isEqualTo(tokens.size());
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getDecoder().decode(ofList.at("/data/0/embedding").asText()))
            .order(ByteOrder.LITTLE_ENDIAN);
    float[] decoded = new float[32];
    bytes.asFloatBuffer().get(decoded);
    assertThat(decoded).containsExactly(vector(ofText.at("/data/0/embedding")));
  }

  @Test
  void dimensionsShortenTheEmbeddingToTheLengthOne() {
    float[] shortened =
        vector(embed("embedder", "\"a\"", ", \"dimensions\": 8").json().at("/data/0/embedding"));

    double squares = 0;
    for (float value : shortened) {
      squares += value * value;
    }
    assertThat(shortened).hasSize(8);
    assertThat(squares).isCloseTo(1, within(1e-6));
  }

  private static void assertRefused(Reply reply, String param, String... words) {
    assertThat(reply.status()).as(reply.json().toString()).isEqualTo(400);
    assertThat(reply.json().at("/error/param").asText()).isEqualTo(param);
    assertThat(reply.json().at("/error/message").asText()).contains(words);
  }

  @Test
  void wrongRequestsAreRefusedByTheNameOfTheParameter() {
    assertRefused(embed("chat", "\"a\"", ""), "model", "chat", "modules.json", "pooling");
    assertRefused(embed("embedder", "[]", ""), "input", "1 to 2048");
    assertRefused(embed("embedder", "\"\"", ""), "input", "1 to 128 tokens");
    assertRefused(embed("embedder", "[\"a\", 7]", ""), "input", "input[1]", "number");
    assertRefused(embed("embedder", "[7, 548]", ""), "input", "input[1]", "0 to 547");
    assertRefused(embed("embedder", "\"" + "long ".repeat(200) + "\"", ""), "input", "128");
    assertRefused(embed("embedder", "\"a\"", ", \"dimensions\": 33"), "dimensions", "32");
    assertRefused(
        embed("embedder", "\"a\"", ", \"encoding_format\": \"int8\""), "encoding_format", "base64");
    assertRefused(
        embed("embedder", Collections.nCopies(2049, "\"a\"").toString(), ""), "input", "2049");
  }
}
