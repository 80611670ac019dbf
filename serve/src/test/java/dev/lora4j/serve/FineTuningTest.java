package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.TestClient.Reply;
import dev.lora4j.serve.engine.ServingLimits;
import dev.lora4j.serve.jobs.JobLimits;
import dev.lora4j.serve.jobs.JobSettings;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's fine-tuning API, over HTTP. */
class FineTuningTest {
  private static final String QUICK =
      "\"learning_rate_multiplier\": 100, \"n_epochs\": 6, \"batch_size\": 4";
  private static final String LONG =
      "\"learning_rate_multiplier\": 50, \"n_epochs\": 50, \"batch_size\": 1";

  @TempDir static Path directory;
  private static Path model;
  private static LoraServer server;
  private static TuningClient client;

  @BeforeAll
  static void start() {
    model = SavedTextModel.chatty(directory.resolve("model"));
    server = serve(JobSettings.in(directory.resolve("jobs")).organization("acme"));
    client = new TuningClient(server.port());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static LoraServer serve(JobSettings jobs) {
    return LoraServer.builder()
        .model("base", model)
        .jobs(jobs.workers(2))
        .limits(ServingLimits.defaults().cacheBytes(8 << 20))
        .port(0)
        .start();
  }

  private static String text(JsonNode event) {
    return event.get("message").asText();
  }

  // ---- the whole way ----

  @Test
  void anUploadBecomesAJobWithEventsAndCheckpointsAndAModelThatAnswers() throws Exception {
    String file = client.upload(TuningClient.chats(40));
    String id =
        client.create(
            TuningClient.job(
                file, QUICK, ", \"suffix\": \"yes\", \"metadata\": {\"team\": \"a\"}"));
    CompletableFuture<List<JsonNode>> streamed =
        CompletableFuture.supplyAsync(
            () ->
                client.stream(
                    HttpRequest.newBuilder(
                        client.uri("/v1/fine_tuning/jobs/" + id + "/events?stream=true"))));

    JsonNode job = client.await(id, "succeeded");

    String name = job.get("fine_tuned_model").asText();
    assertThat(name).isEqualTo("ft:base:acme:yes:" + id.substring("ftjob-".length()));
    assertThat(job.get("trained_tokens").asLong()).isPositive();
    assertThat(job.get("hyperparameters").get("n_epochs").asInt()).isEqualTo(6);
    assertThat(job.get("error").isNull()).isTrue();
    assertThat(job.get("gate").get("passed").asBoolean()).isTrue();
    List<JsonNode> events = client.events(id);
    assertThat(streamed.join()).hasSameSizeAs(events).containsAll(events);
    assertThat(text(events.get(0))).contains("successfully completed");
    assertThat(events.stream().map(FineTuningTest::text)).anyMatch(e -> e.startsWith("Step 60/60"));
    JsonNode metrics =
        events.stream().filter(e -> e.at("/data/train_loss").isNumber()).findFirst().orElseThrow();
    assertThat(metrics.get("type").asText()).isEqualTo("metrics");
    assertThat(metrics.at("/data/train_mean_token_accuracy").asDouble()).isBetween(0.5, 1.0);
    assertThat(events.stream().filter(e -> e.get("level").asText().equals("warn")))
        .extracting(FineTuningTest::text)
        .anyMatch(text -> text.startsWith("Only 2 held-out examples"));

    JsonNode checkpoints = client.get("/v1/fine_tuning/jobs/" + id + "/checkpoints").json();
    assertThat(checkpoints.get("data")).hasSize(6);
    String checkpoint = checkpoints.at("/data/5/fine_tuned_model_checkpoint").asText();
    assertThat(checkpoint).isEqualTo(name + ":ckpt-step-10");
    assertThat(checkpoints.at("/data/0/metrics/valid_loss").asDouble())
        .isLessThan(checkpoints.at("/data/5/metrics/valid_loss").asDouble());
    assertThat(checkpoints.at("/data/0/metrics/full_valid_mean_token_accuracy").asDouble())
        .isEqualTo(1);

    assertThat(answer(name)).isEqualTo("yes");
    assertThat(streamedAnswer(name)).isEqualTo("yes");
    assertThat(answer("base")).isNotEqualTo("yes");
    assertThat(client.post("/v1/chat/completions", chat(checkpoint, "")).status()).isEqualTo(200);
    assertThat(names()).contains(name, checkpoint);
    String results = job.get("result_files").get(0).asText();
    String table = client.get("/v1/files/" + results + "/content").json().asText();
    assertThat(table)
        .startsWith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n0,,,");
    String[] last = table.substring(table.indexOf("\n60,") + 1).strip().split(",", -1);
    assertThat(last).hasSize(5).allMatch(value -> !value.isEmpty());
    assertThat(Double.parseDouble(last[4])).isEqualTo(1);

    assertThat(client.delete("/v1/models/" + name).json().get("deleted").asBoolean()).isTrue();
    assertThat(names()).doesNotContain(name).contains(checkpoint);
    assertThat(client.post("/v1/chat/completions", chat(name, "")).status()).isEqualTo(404);
  }

  private static String chat(String model, String more) {
    return """
        {"model": "%s", "messages": [{"role": "user", "content": "Say it 7"}], "temperature": 0,
         "max_tokens": 12%s}
        """
        .formatted(model, more);
  }

  private static String answer(String model) {
    return client.post("/v1/chat/completions", chat(model, "")).text("/choices/0/message/content");
  }

  private static String streamedAnswer(String model) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(client.uri("/v1/chat/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(chat(model, ", \"stream\": true")));
    return client.stream(request).stream()
        .map(event -> event.at("/choices/0/delta/content").asText())
        .collect(Collectors.joining());
  }

  private static List<String> names() {
    return StreamSupport.stream(client.get("/v1/models").json().get("data").spliterator(), false)
        .map(card -> card.get("id").asText())
        .toList();
  }

  // ---- states ----

  @Test
  void aPausedJobGoesOnAndACancelledOneEnds() throws Exception {
    String file = client.upload(TuningClient.chats(20));
    String id = client.create(TuningClient.job(file, LONG, ""));
    String second = client.create(TuningClient.job(file, LONG, ""));
    client.awaitStep(id, 3);
    assertThat(client.job(second).get("status").asText()).isEqualTo("queued");
    assertThat(client.post("/v1/fine_tuning/jobs/" + second + "/cancel", "").text("/status"))
        .isEqualTo("cancelled");

    assertThat(client.post("/v1/fine_tuning/jobs/" + id + "/pause", "").text("/status"))
        .isEqualTo("paused");
    assertThat(client.post("/v1/fine_tuning/jobs/" + id + "/pause", "").status()).isEqualTo(400);
    client.post("/v1/fine_tuning/jobs/" + id + "/resume", "");
    client.await(id, "running");
    client.awaitStep(id, 40);
    Reply cancelled = client.post("/v1/fine_tuning/jobs/" + id + "/cancel", "");

    assertThat(cancelled.text("/status")).isEqualTo("cancelled");
    assertThat(client.post("/v1/fine_tuning/jobs/" + id + "/resume", "").status()).isEqualTo(400);
    List<String> steps =
        client.events(id).stream()
            .map(FineTuningTest::text)
            .filter(m -> m.contains("training loss"))
            .map(m -> m.substring(0, m.indexOf('/')))
            .toList();
    assertThat(steps).doesNotHaveDuplicates();
    assertThat(client.events(id).stream().map(FineTuningTest::text))
        .anyMatch(message -> message.startsWith("Fine-tuning goes on after step"));
  }

  // ---- bad input ----

  @Test
  void aJobOnBadDataFailsAndListsTheLines() throws Exception {
    String lines =
        Stream.of(
                TuningClient.chats(9),
                "{\"messages\": [{\"role\": \"narrator\", \"content\": \"x\"}]}",
                "not json",
                "",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\","
                    + " \"content\": \"y\", \"weight\": 2}]}",
                "{\"messages\": [{\"role\": \"user\"}, {\"role\": \"assistant\", \"content\": \"y\"}]}",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\","
                    + " \"content\": \"y\"}], \"tools\": [{\"type\": \"fun\"}]}")
            .collect(Collectors.joining("\n"));

    JsonNode job =
        client.await(client.create(TuningClient.job(client.upload(lines), "", "")), "failed");

    assertThat(job.at("/error/code").asText()).isEqualTo("invalid_training_file");
    assertThat(job.at("/error/param").asText()).isEqualTo("training_file");
    assertThat(job.at("/error/message").asText())
        .contains("line 10: messages[0].role: expected one of")
        .contains("line 11: not valid JSON")
        .contains("line 13: messages: no message of the assistant with weight 1")
        .contains("line 14: messages[1].weight: expected 0 or 1, found 2")
        .contains("line 15: messages[0]: no field content")
        .contains("line 16: tools[0]: expected the type");
    assertThat(
            client.events(job.get("id").asText()).stream().filter(e -> text(e).contains("line 1")))
        .hasSizeGreaterThanOrEqualTo(6);
    String few = client.create(TuningClient.job(client.upload(TuningClient.chats(3)), "", ""));
    assertThat(client.await(few, "failed").at("/error/message").asText())
        .contains("the file has 3 examples; at least 10 are needed");
  }

  @Test
  void wrongParametersAreNamed() {
    String file = client.upload(TuningClient.chats(10));
    assertThat(param("{\"training_file\": \"" + file + "\"}")).isEqualTo("model");
    assertThat(param("{\"model\": \"bse\", \"training_file\": \"" + file + "\"}"))
        .isEqualTo("model");
    assertThat(param("{\"model\": \"base\"}")).isEqualTo("training_file");
    assertThat(param("{\"model\": \"base\", \"training_file\": \"../../x\"}"))
        .isEqualTo("training_file");
    assertThat(param(TuningClient.job(file, "\"n_epochs\": 0", "")))
        .isEqualTo("method.supervised.hyperparameters.n_epochs");
    assertThat(param(TuningClient.job(file, "\"batch_size\": \"big\"", "")))
        .isEqualTo("method.supervised.hyperparameters.batch_size");
    String old =
        "{\"model\": \"base\", \"training_file\": \"%s\", \"hyperparameters\": {\"n_epochs\": %s}}";
    assertThat(param(old.formatted(file, "51"))).isEqualTo("hyperparameters.n_epochs");
    assertThat(param(old.formatted(file, "\"many\""))).isEqualTo("hyperparameters.n_epochs");
    assertThat(
            client
                .post("/v1/fine_tuning/jobs", old.formatted(file, "\"many\""))
                .text("/error/message"))
        .contains("an integer or \"auto\"");
    assertThat(param(TuningClient.job(file, "", ", \"suffix\": \"a/b\""))).isEqualTo("suffix");
    assertThat(param(TuningClient.job(file, "", ", \"seed\": -1"))).isEqualTo("seed");
    assertThat(param(TuningClient.job(file, "", ", \"integrations\": [{\"type\": \"wandb\"}]")))
        .isEqualTo("integrations");
    assertThat(client.get("/v1/fine_tuning/jobs/ftjob-x").status()).isEqualTo(404);
    assertThat(client.get("/v1/fine_tuning/jobs?limit=0").text("/error/param")).isEqualTo("limit");
    assertThat(client.get("/v1/fine_tuning/jobs?limit=%ff").status()).isEqualTo(400);
    assertThat(client.delete("/v1/models/base").status()).isEqualTo(404);
  }

  private static String param(String body) {
    Reply reply = client.post("/v1/fine_tuning/jobs", body);
    assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
    return reply.text("/error/param");
  }

  // ---- files ----

  @Test
  void anUploadedFileIsListedReadAndDeleted() throws IOException {
    String content = TuningClient.chats(600); // more than stays in memory
    Reply uploaded = client.upload("../../etc/passwd", "fine-tune", content);

    assertThat(uploaded.status()).as(uploaded.toString()).isEqualTo(200);
    String id = uploaded.text("/id");
    assertThat(uploaded.json().get("bytes").asLong()).isEqualTo(content.length());
    assertThat(uploaded.text("/purpose")).isEqualTo("fine-tune");
    assertThat(client.get("/v1/files?purpose=fine-tune").json().at("/data/0/id").asText())
        .isEqualTo(id);
    assertThat(client.get("/v1/files/" + id).json()).isEqualTo(uploaded.json());
    assertThat(client.get("/v1/files/" + id + "/content").json().toString()).contains("Say it 599");
    assertThat(client.delete("/v1/files/" + id).json().get("deleted").asBoolean()).isTrue();
    assertThat(client.get("/v1/files/" + id).status()).isEqualTo(404);
    assertThat(client.upload("a.jsonl", "assistants", "x").text("/error/param"))
        .isEqualTo("purpose");
    assertThat(client.post("/v1/files", "{}").status()).isEqualTo(400);
    assertThat(entries(directory.resolve("jobs/incoming"))).isEmpty();
  }

  @Test
  void filesAndJobsAreBounded() throws IOException {
    Path own = directory.resolve("bounded");
    try (LoraServer small =
        serve(JobSettings.in(own).limits(new JobLimits(2, 4_000, 6_000, 1, 10)))) {
      TuningClient its = new TuningClient(small.port());
      assertThat(its.upload("a", "fine-tune", "x".repeat(5_000)).status()).isEqualTo(413);
      assertThat(its.upload("a", "fine-tune", "x".repeat(3_000_000)).status()).isEqualTo(413);
      assertThat(its.upload("a", "fine-tune", "x".repeat(4_000)).status()).isEqualTo(200);
      assertThat(its.upload("a", "fine-tune", "x".repeat(4_000)).text("/error/message"))
          .contains("at most 6,000 bytes of files");
      assertThat(its.upload("a", "fine-tune", "x").status()).isEqualTo(200);
      assertThat(its.upload("a", "fine-tune", "x").text("/error/message"))
          .contains("at most 2 files");
      assertThat(entries(own.resolve("incoming"))).isEmpty();
      assertThat(entries(own.resolve("files"))).hasSize(2);
    }
  }

  private static List<Path> entries(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.toList();
    }
  }

  @Test
  void aServerWithoutADirectoryOfJobsSaysSo() {
    try (LoraServer plain = LoraServer.builder().model(model).port(0).start()) {
      Reply reply = new TuningClient(plain.port()).get("/v1/fine_tuning/jobs");

      assertThat(reply.status()).isEqualTo(404);
      assertThat(reply.text("/error/message")).contains("--jobs DIR");
    }
  }

  // ---- gate ----

  @Test
  void aJobWhoseModelFailsTheGateIsNotPublished() throws Exception {
    String file = client.upload(TuningClient.chats(12));
    String hyperparameters = "\"learning_rate_multiplier\": 1e-6, \"n_epochs\": 1";
    String id = client.create(TuningClient.job(file, hyperparameters, ""));

    JsonNode job = client.await(id, "failed");

    assertThat(job.at("/error/code").asText()).isEqualTo("gate_failed");
    assertThat(job.at("/error/message").asText()).contains("end with a stop token");
    assertThat(job.at("/fine_tuned_model").isNull()).isTrue();
    assertThat(names()).noneMatch(name -> name.contains(id.substring("ftjob-".length())));
    assertThat(directory.resolve("jobs/jobs/" + id + "/run/adapter_model.safetensors")).exists();
  }
}
