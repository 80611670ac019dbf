package dev.lora4j.serve;

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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A client of the fine-tuning API, and data for it. */
final class TuningClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final OpenApiDocument DOCUMENT = OpenApiDocument.load();
  private static final String BOUNDARY = "----lora4j-test";

  private final HttpClient client = HttpClient.newHttpClient();
  private final int port;

  /** A response: its status and its body as JSON, or as a text node. */
  record Reply(int status, JsonNode json) {
    String text(String pointer) {
      return json.at(pointer).asText();
    }
  }

  TuningClient(int port) {
    this.port = port;
  }

  // ---- data ----

  /** Conversations that all end in one short answer. */
  static String chats(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                """
                {"messages": [{"role": "user", "content": "Say it %d"}, \
                {"role": "assistant", "content": "yes"}]}"""
                    .formatted(i))
        .collect(Collectors.joining("\n"));
  }

  /** Preference pairs of OpenAI's form. */
  static String pairs(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                """
                {"input": {"messages": [{"role": "user", "content": "Say it %d"}]}, \
                "preferred_output": [{"role": "assistant", "content": "yes"}], \
                "non_preferred_output": [{"role": "assistant", "content": "no"}]}"""
                    .formatted(i))
        .collect(Collectors.joining("\n"));
  }

  /** A job with hyperparameters, such as {@code "n_epochs": 2}. */
  static String job(String file, String hyperparameters, String more) {
    return """
        {"model": "base", "training_file": "%s", "seed": 5,
         "method": {"type": "supervised", "supervised": {"hyperparameters": {%s}}}%s}
        """
        .formatted(file, hyperparameters, more);
  }

  // ---- requests ----

  Reply upload(String filename, String purpose, String content) {
    String body =
        """
        --%1$s\r
        Content-Disposition: form-data; name="purpose"\r
        \r
        %2$s\r
        --%1$s\r
        Content-Disposition: form-data; name="file"; filename="%3$s"\r
        Content-Type: application/octet-stream\r
        \r
        %4$s\r
        --%1$s--\r
        """
            .formatted(BOUNDARY, purpose, filename, content);
    return send(
        HttpRequest.newBuilder(uri("/v1/files"))
            .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  /** Uploads training data and returns the file's id. */
  String upload(String content) {
    return upload("data.jsonl", "fine-tune", content).text("/id");
  }

  Reply post(String path, String body) {
    return send(
        HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  Reply get(String path) {
    return send(HttpRequest.newBuilder(uri(path)).build());
  }

  Reply delete(String path) {
    return send(HttpRequest.newBuilder(uri(path)).DELETE().build());
  }

  private Reply send(HttpRequest request) {
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      DOCUMENT.requireValid(response);
      String body = response.body();
      return new Reply(
          response.statusCode(),
          response.headers().firstValue("content-type").orElse("").equals("application/json")
              ? JSON.readTree(body)
              : JSON.getNodeFactory().textNode(body));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads a stream of events to its end. */
  List<JsonNode> stream(HttpRequest.Builder request) {
    List<JsonNode> events = new ArrayList<>();
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data: {")) {
          events.add(JSON.readTree(line.substring("data: ".length())));
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return events;
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  // ---- jobs ----

  /** Creates a job and returns its id. */
  String create(String body) {
    Reply reply = post("/v1/fine_tuning/jobs", body);
    if (reply.status() != 200) {
      throw new IllegalStateException(reply.toString());
    }
    return reply.text("/id");
  }

  JsonNode job(String id) {
    return get("/v1/fine_tuning/jobs/" + id).json();
  }

  /** Waits until a job has a status; a final one that differs fails. */
  JsonNode await(String id, String status) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      JsonNode job = job(id);
      String found = job.get("status").asText();
      if (found.equals(status)) {
        return job;
      }
      if (List.of("succeeded", "failed", "cancelled").contains(found)
          || System.nanoTime() > deadline) {
        throw new AssertionError("expected " + status + ", found " + job);
      }
      Thread.sleep(20);
    }
  }

  /** Waits until a running job has taken a step. */
  void awaitStep(String id, int step) throws InterruptedException {
    String message = String.format(Locale.ROOT, "Step %d/", step);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (events(id).stream().noneMatch(e -> e.get("message").asText().startsWith(message))) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("no step " + step + " of " + job(id));
      }
      Thread.sleep(10);
    }
  }

  /** All events of a job, the newest first. */
  List<JsonNode> events(String id) {
    List<JsonNode> events = new ArrayList<>();
    String after = "";
    while (true) {
      JsonNode page = get("/v1/fine_tuning/jobs/" + id + "/events?limit=100" + after).json();
      page.get("data").forEach(events::add);
      if (!page.get("has_more").asBoolean()) {
        return events;
      }
      after = "&after=" + page.get("last_id").asText();
    }
  }
}
