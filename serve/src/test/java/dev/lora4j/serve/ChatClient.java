package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/** Chat completions of a server, by the JDK's HTTP client. */
final class ChatClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final OpenApiDocument DOCUMENT = OpenApiDocument.load();

  private final HttpClient client = HttpClient.newHttpClient();
  private final URI uri;

  ChatClient(LoraServer server) {
    uri = URI.create("http://127.0.0.1:" + server.port() + "/v1/chat/completions");
  }

  /** Returns the answer, or the error. */
  JsonNode post(String body) {
    try {
      return JSON.readTree(send(body));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the first choice of each chunk of a stream. */
  List<JsonNode> stream(String body) {
    List<JsonNode> choices = new ArrayList<>();
    for (String line : send(body).split("\n", -1)) {
      if (line.startsWith("data: {")) {
        try {
          choices.add(JSON.readTree(line.substring("data: ".length())).at("/choices/0"));
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    return choices;
  }

  private String send(String body) {
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
              HttpResponse.BodyHandlers.ofString());
      DOCUMENT.requireValid(response);
      return response.body();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Checks that a request is refused by the name of a parameter. */
  void assertRefused(String body, String param, String... words) {
    JsonNode error = post(body).path("error");
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.path("param").asText()).as(error.toString()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(words);
  }
}
