package dev.lora4j.serve;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.serve.TestClient.Reply;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A client of the fine-tuning API, and data for it. */
final class TuningClient {
  private static final String BOUNDARY = "----lora4j-test";

  private final TestClient client;

  TuningClient(int port) {
    client = new TestClient(port);
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
    return client.send(
        HttpRequest.newBuilder(client.uri("/v1/files"))
            .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  /** Uploads training data and returns the file's id. */
  String upload(String content) {
    return upload("data.jsonl", "fine-tune", content).text("/id");
  }

  Reply post(String path, String body) {
    return client.post(path, body);
  }

  Reply get(String path) {
    return client.get(path);
  }

  Reply delete(String path) {
    return client.delete(path);
  }

  /** Reads a stream of events to its end. */
  List<JsonNode> stream(HttpRequest.Builder request) {
    return client.stream(request.build());
  }

  URI uri(String path) {
    return client.uri(path);
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
