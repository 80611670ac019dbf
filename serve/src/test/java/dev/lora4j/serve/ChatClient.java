package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Chat completions of a server. */
final class ChatClient {
  private static final String PATH = "/v1/chat/completions";

  private final TestClient client;

  ChatClient(LoraServer server) {
    client = new TestClient(server);
  }

  /** Returns the answer, or the error. */
  JsonNode post(String body) {
    return client.post(PATH, body).json();
  }

  /** Returns the first choice of each chunk of a stream. */
  List<JsonNode> stream(String body) {
    return client.stream(PATH, body).stream().map(chunk -> chunk.at("/choices/0")).toList();
  }

  /** Checks that a request is refused by the name of a parameter. */
  void assertRefused(String body, String param, String... words) {
    JsonNode error = post(body).path("error");
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.path("param").asText()).as(error.toString()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(words);
  }
}
