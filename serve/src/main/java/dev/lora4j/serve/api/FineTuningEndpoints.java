package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.ListPage;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.http.Route;
import dev.lora4j.serve.jobs.FineTuningJob;
import dev.lora4j.serve.jobs.FineTuningJobs;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.jobs.JobJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** OpenAI's fine-tuning API: jobs, their events and checkpoints. */
final class FineTuningEndpoints {
  private static final String JOBS = "/fine_tuning/jobs";
  private static final String JOB = JOBS + "/{}";
  private static final long PAGE = 20;
  private static final long CHECKPOINT_PAGE = 10;
  private static final long MAX_PAGE = 100;
  private static final String METADATA = "metadata";

  private final ServedModels models;
  private final Optional<FineTuningService> tuning;

  FineTuningEndpoints(ServedModels models, Optional<FineTuningService> tuning) {
    this.models = models;
    this.tuning = tuning;
  }

  List<Route> routes() {
    return List.of(
        Route.post(JOBS, this::create),
        Route.get(JOBS, this::list),
        Route.get(JOB, this::get),
        Route.post(JOB + "/cancel", exchange -> change(exchange, FineTuningJobs::cancel)),
        Route.post(JOB + "/pause", exchange -> change(exchange, FineTuningJobs::pause)),
        Route.post(JOB + "/resume", exchange -> change(exchange, FineTuningJobs::resume)),
        Route.get(JOB + "/events", this::events),
        Route.get(JOB + "/checkpoints", this::checkpoints),
        Route.delete("/models/{*}", this::deleteModel));
  }

  /** The refusal of a server that keeps no files and jobs. */
  static ApiException notOffered() {
    return new ApiException(
        404,
        "invalid_request_error",
        "this server does not fine-tune; start it with --jobs DIR",
        null,
        "fine_tuning_not_offered");
  }

  private FineTuningService tuning() {
    return tuning.orElseThrow(FineTuningEndpoints::notOffered);
  }

  // ---- jobs ----

  private void create(Exchange exchange) throws IOException {
    FineTuningService service = tuning();
    Params params = new Params(exchange.body());
    exchange.send(200, json(service.create(new JobRequestReader(models, service).read(params))));
  }

  private ObjectNode json(FineTuningJob job) {
    ObjectNode json = JobJson.of(job, tuning().organization());
    tuning().jobs().estimatedFinish(job).ifPresent(at -> json.put("estimated_finish", at));
    return json;
  }

  private void list(Exchange exchange) throws IOException {
    Map<String, String> wanted = exchange.queryMap(METADATA);
    List<FineTuningJob> jobs =
        tuning().jobs().list().stream()
            .filter(job -> job.request().metadata().entrySet().containsAll(wanted.entrySet()))
            .toList();
    exchange.send(
        200, ListPage.of(exchange, PAGE, MAX_PAGE, jobs, FineTuningJob::id).json(this::json));
  }

  private void get(Exchange exchange) throws IOException {
    FineTuningJob job = tuning().jobs().get(exchange.pathSegment(0));
    ObjectNode json = json(job);
    tuning().jobs().gate(job.id()).ifPresent(verdict -> json.set("gate", verdict));
    exchange.send(200, json);
  }

  private void change(Exchange exchange, BiFunction<FineTuningJobs, String, FineTuningJob> action)
      throws IOException {
    exchange.send(200, json(action.apply(tuning().jobs(), exchange.pathSegment(0))));
  }

  // ---- events and checkpoints ----

  private void events(Exchange exchange) throws IOException {
    String id = exchange.pathSegment(0);
    ListPage.limit(exchange, PAGE, MAX_PAGE); // refused beside a stream too
    if (streams(exchange)) {
      new JobEventStream(tuning().jobs(), id).send(exchange);
      return;
    }
    List<JsonNode> newestFirst = new ArrayList<>(tuning().jobs().events(id));
    Collections.reverse(newestFirst);
    exchange.send(
        200,
        ListPage.of(exchange, PAGE, MAX_PAGE, newestFirst, event -> event.path("id").asText())
            .json(event -> (ObjectNode) event));
  }

  private static boolean streams(Exchange exchange) {
    String stream = exchange.given("stream").orElse("false");
    if (!stream.equals("true") && !stream.equals("false")) {
      throw ApiException.invalid("stream", "stream: expected true or false, found " + stream);
    }
    return stream.equals("true");
  }

  private void checkpoints(Exchange exchange) throws IOException {
    List<ObjectNode> checkpoints =
        tuning().models().checkpoints(tuning().jobs().get(exchange.pathSegment(0)));
    exchange.send(
        200,
        ListPage.of(
                exchange, CHECKPOINT_PAGE, MAX_PAGE, checkpoints, each -> each.path("id").asText())
            .json(checkpoint -> checkpoint));
  }

  private void deleteModel(Exchange exchange) throws IOException {
    String name = exchange.pathSegment(0);
    tuning().models().delete(name);
    exchange.send(200, Json.object().put("id", name).put("object", "model").put("deleted", true));
  }
}
