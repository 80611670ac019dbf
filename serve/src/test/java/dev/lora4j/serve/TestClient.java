package dev.lora4j.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends requests by the JDK's HTTP client, which offers HTTP/2 by default, and checks that every
 * answer is one of those in the OpenAPI document.
 */
final class TestClient {
  static final String CHAT =
      """
      {"model": "%s", "messages": [{"role": "user", "content": "%s"}], "temperature": 0,
       "max_tokens": 12%s}
      """;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final OpenApiDocument DOCUMENT = OpenApiDocument.load();

  private final int port;
  private final HttpClient client = HttpClient.newHttpClient();

  TestClient(LoraServer server) {
    this(server.port());
  }

  TestClient(int port) {
    this.port = port;
  }

  /**
   * An answer.
   *
   * @param json the body; a string if it is not JSON
   */
  record Reply(int status, JsonNode json) {
    String text(String pointer) {
      return json.at(pointer).asText();
    }
  }

  // ---- bodies ----

  static String chat(String model, String text) {
    return CHAT.formatted(model, text, "");
  }

  static String text(Reply reply) {
    assertThat(reply.status()).as(reply.json().toString()).isEqualTo(200);
    return reply.json().at("/choices/0/message/content").asText();
  }

  static JsonNode json(String text) {
    try {
      return text.startsWith("{") ? JSON.readTree(text) : JSON.getNodeFactory().textNode(text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static String quoted(String text) {
    return JSON.valueToTree(text).toString();
  }

  // ---- requests ----

  HttpRequest request(String path, String body) {
    return HttpRequest.newBuilder(uri(path))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  HttpClient http() {
    return client;
  }

  Reply post(String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request.build());
  }

  Reply get(String path) {
    return send(HttpRequest.newBuilder(uri(path)).build());
  }

  Reply delete(String path) {
    return send(HttpRequest.newBuilder(uri(path)).DELETE().build());
  }

  Reply send(HttpRequest request) {
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      DOCUMENT.requireValid(response);
      String body = response.body();
      boolean isJson = contentType(response).startsWith("application/json");
      return new Reply(
          response.statusCode(), isJson ? json(body) : JSON.getNodeFactory().textNode(body));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String contentType(HttpResponse<?> response) {
    return response.headers().firstValue("content-type").orElse("");
  }

  /** Returns the events of a stream that ends as it should. */
  List<JsonNode> stream(String path, String body) {
    return stream(request(path, body));
  }

  List<JsonNode> stream(HttpRequest request) {
    List<JsonNode> events = new ArrayList<>();
    try {
      HttpResponse<InputStream> response =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      assertThat(contentType(response)).startsWith("text/event-stream");
      BufferedReader lines = new BufferedReader(new InputStreamReader(response.body(), UTF_8));
      String last = "";
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data: ")) {
          last = line.substring("data: ".length());
          if (!last.equals("[DONE]")) {
            DOCUMENT.requireValidEvent(request.uri().getPath(), last);
            events.add(json(last));
          }
        }
      }
      assertThat(last).isEqualTo("[DONE]");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return events;
  }
}
