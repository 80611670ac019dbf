package dev.lora4j.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.Set;

/**
 * A completion received by server-sent events.
 *
 * @param tokens tokens by the server's count
 * @param firstToken seconds from the request to the first event with text
 * @param gaps seconds between events with text
 */
record StreamedCompletion(String text, int tokens, double firstToken, List<Double> gaps) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DATA = "data: ";

  /**
   * A greedy completion of a fixed length.
   *
   * @param excluded tokens that would end it
   */
  record Request(String model, String prompt, int tokens, Set<Long> excluded) {
    private String body() {
      ObjectNode body = JSON.createObjectNode();
      body.put("model", model).put("prompt", prompt).put("max_tokens", tokens);
      body.put("temperature", 0).put("stream", true);
      body.putObject("stream_options").put("include_usage", true);
      ObjectNode bias = body.putObject("logit_bias");
      excluded.forEach(token -> bias.put(Long.toString(token), -100));
      return body.toString();
    }
  }

  static StreamedCompletion receive(HttpClient client, URI server, Request request)
      throws IOException, InterruptedException {
    HttpRequest post =
        HttpRequest.newBuilder(server.resolve("completions"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(request.body()))
            .build();
    long start = System.nanoTime();
    HttpResponse<InputStream> response =
        client.send(post, HttpResponse.BodyHandlers.ofInputStream());
    try (Scanner lines = new Scanner(response.body(), "UTF-8")) {
      if (response.statusCode() != 200) {
        throw new IllegalStateException(
            "status " + response.statusCode() + ": " + lines.useDelimiter("\\A").next());
      }
      return read(lines, start);
    }
  }

  private static StreamedCompletion read(Scanner lines, long start) throws IOException {
    StringBuilder text = new StringBuilder();
    List<Double> times = new ArrayList<>();
    int tokens = 0;
    while (lines.hasNextLine()) {
      String line = lines.nextLine();
      if (!line.startsWith(DATA + "{")) {
        continue;
      }
      JsonNode event = JSON.readTree(line.substring(DATA.length()));
      if (event.has("error")) {
        throw new IllegalStateException(event.toString());
      }
      String piece = event.at("/choices/0/text").asText();
      if (!piece.isEmpty()) {
        times.add((System.nanoTime() - start) / 1e9);
        text.append(piece);
      }
      tokens = Math.max(tokens, event.at("/usage/completion_tokens").asInt());
    }
    List<Double> gaps = new ArrayList<>();
    for (int i = 1; i < times.size(); i++) {
      gaps.add(times.get(i) - times.get(i - 1));
    }
    return new StreamedCompletion(text.toString(), tokens, times.get(0), gaps);
  }
}
