package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.serve.jobs.FineTuningJob.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Jobs as OpenAI's JSON, on the wire and on the disk. */
public final class JobJson {
  private static final String AUTO = "auto";

  private JobJson() {}

  /** OpenAI's job object. */
  public static ObjectNode of(FineTuningJob job, String organization) {
    JobRequest request = job.request();
    Optional<Outcome> outcome = job.outcome();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("id", job.id())
        .put("object", "fine_tuning.job")
        .put("created_at", job.createdAt())
        .put("finished_at", outcome.map(Outcome::finishedAt).orElse(null))
        .putNull("estimated_finish")
        .put("model", request.model())
        .put("fine_tuned_model", outcome.flatMap(Outcome::fineTunedModel).orElse(null))
        .put("organization_id", organization)
        .put("status", job.status().word())
        .put("training_file", request.trainingFile())
        .put("validation_file", request.validationFile().orElse(null))
        .put("user_provided_suffix", request.suffix().orElse(null))
        .put("seed", request.seed())
        .put("trained_tokens", outcome.flatMap(Outcome::trainedTokens).orElse(null))
        .put("train_workers", job.trainWorkers());
    ArrayNode files = json.putArray("result_files");
    outcome.map(Outcome::resultFiles).orElse(List.of()).forEach(files::add);
    json.putArray("integrations");
    ObjectNode metadata = json.putObject("metadata");
    request.metadata().forEach(metadata::put);
    json.set("hyperparameters", hyperparameters(request));
    ObjectNode method = json.putObject("method").put("type", request.method().word());
    method.putObject(request.method().word()).set("hyperparameters", hyperparameters(request));
    outcome
        .flatMap(Outcome::error)
        .ifPresentOrElse(
            error ->
                json.putObject("error")
                    .put("code", error.code())
                    .put("message", error.message())
                    .put("param", error.param().orElse(null)),
            () -> json.putNull("error"));
    return json;
  }

  private static ObjectNode hyperparameters(JobRequest request) {
    Hyperparameters values = request.hyperparameters();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    values.batchSize().ifPresentOrElse(n -> json.put("batch_size", n), auto(json, "batch_size"));
    values
        .learningRateMultiplier()
        .ifPresentOrElse(
            x -> json.put("learning_rate_multiplier", x), auto(json, "learning_rate_multiplier"));
    values.epochs().ifPresentOrElse(n -> json.put("n_epochs", n), auto(json, "n_epochs"));
    if (request.method() == TuningMethod.DPO) {
      values.beta().ifPresentOrElse(x -> json.put("beta", x), auto(json, "beta"));
    }
    return json;
  }

  private static Runnable auto(ObjectNode json, String name) {
    return () -> json.put(name, AUTO);
  }

  // ---- reading ----

  static FineTuningJob read(JsonNode json) {
    JobStatus status = JobStatus.of(json.path("status").asText());
    return new FineTuningJob(
        json.path("id").asText(),
        json.path("created_at").asLong(),
        request(json),
        status,
        json.path("train_workers").asInt(),
        status.isFinal() ? Optional.of(outcome(json)) : Optional.empty());
  }

  private static JobRequest request(JsonNode json) {
    Map<String, String> metadata = new LinkedHashMap<>();
    json.path("metadata")
        .properties()
        .forEach(field -> metadata.put(field.getKey(), field.getValue().asText()));
    return new JobRequest(
        json.path("model").asText(),
        json.path("training_file").asText(),
        value(json, "validation_file", JsonNode::asText),
        value(json, "user_provided_suffix", JsonNode::asText),
        json.path("seed").asLong(),
        TuningMethod.of(json.path("method").path("type").asText()),
        hyperparameters(json.path("hyperparameters")),
        metadata);
  }

  private static Hyperparameters hyperparameters(JsonNode json) {
    return new Hyperparameters(
        value(json, "batch_size", JsonNode::asInt),
        value(json, "learning_rate_multiplier", JsonNode::asDouble),
        value(json, "n_epochs", JsonNode::asInt),
        value(json, "beta", JsonNode::asDouble));
  }

  private static Outcome outcome(JsonNode json) {
    List<String> files = new ArrayList<>();
    json.path("result_files").forEach(file -> files.add(file.asText()));
    return new Outcome(
        json.path("finished_at").asLong(),
        value(json, "trained_tokens", JsonNode::asLong),
        value(json, "fine_tuned_model", JsonNode::asText),
        files,
        value(json, "error", JobJson::error));
  }

  private static JobError error(JsonNode json) {
    return new JobError(
        json.path("code").asText(),
        json.path("message").asText(),
        value(json, "param", JsonNode::asText));
  }

  /** A field that is present, not null and not chosen automatically. */
  private static <T> Optional<T> value(JsonNode json, String name, Function<JsonNode, T> as) {
    JsonNode value = json.path(name);
    boolean absent = value.isMissingNode() || value.isNull() || value.asText().equals(AUTO);
    return absent ? Optional.empty() : Optional.of(as.apply(value));
  }
}
