package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.jobs.Hyperparameters;
import dev.lora4j.serve.jobs.JobRequest;
import dev.lora4j.serve.jobs.TuningMethod;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/** Reads requests for fine-tuning jobs. */
final class JobRequestReader {
  private static final int MAX_SEED = Integer.MAX_VALUE;
  private static final int MAX_BATCH = 256;
  private static final int MAX_EPOCHS = 50;
  private static final double MAX_MULTIPLIER = 1_000;
  private static final double MAX_BETA = 2;
  private static final int MAX_METADATA = 16;
  private static final int MAX_KEY = 64;
  private static final int MAX_VALUE = 512;
  private static final String AUTO = "auto";

  private final ServedModels models;
  private final FineTuningService tuning;

  JobRequestReader(ServedModels models, FineTuningService tuning) {
    this.models = models;
    this.tuning = tuning;
  }

  /**
   * Reads a request.
   *
   * @throws ApiException naming the parameter that is wrong
   */
  JobRequest read(Params params) {
    params.refuse("integrations", "the metrics are in the job's events and its result file");
    Optional<ObjectNode> method = object(params, "method");
    TuningMethod kind = method.map(JobRequestReader::kind).orElse(TuningMethod.SUPERVISED);
    return new JobRequest(
        model(params),
        file(params, "training_file").orElseThrow(() -> missing("training_file")),
        file(params, "validation_file"),
        suffix(params),
        params
            .integer("seed", 0, MAX_SEED)
            .orElseGet(() -> (long) ThreadLocalRandom.current().nextInt(MAX_SEED)),
        kind,
        hyperparameters(params, method, kind),
        metadata(params));
  }

  private static ApiException missing(String name) {
    return ApiException.invalid(name, "missing required parameter: " + name);
  }

  private String model(Params params) {
    String name = params.requiredText("model");
    List<String> bases =
        models.all().stream().map(InferenceEngine::model).map(model -> model.name()).toList();
    if (!bases.contains(name)) {
      throw ApiException.invalid(
          "model", "model: no base model \"%s\"%s".formatted(name, NearMiss.hint(name, bases)));
    }
    return name;
  }

  private Optional<String> file(Params params, String name) {
    Optional<String> id = params.text(name);
    id.filter(given -> tuning.files().find(given).isEmpty())
        .ifPresent(
            given -> {
              throw ApiException.invalid(name, "%s: no file %s".formatted(name, given));
            });
    return id;
  }

  private static Optional<String> suffix(Params params) {
    Optional<String> suffix = params.text("suffix").filter(text -> !text.isEmpty());
    suffix
        .filter(text -> !text.matches("[A-Za-z0-9_.-]{1,64}"))
        .ifPresent(
            text -> {
              throw ApiException.invalid(
                  "suffix", "suffix: up to 64 letters, digits, '_', '.' and '-' are allowed");
            });
    return suffix;
  }

  private static TuningMethod kind(ObjectNode method) {
    return switch (method.path("type").asText()) {
      case "supervised" -> TuningMethod.SUPERVISED;
      case "dpo" -> TuningMethod.DPO;
      default ->
          throw ApiException.invalid(
              "method.type",
              "method.type: supervised and dpo are supported, found " + method.path("type"));
    };
  }

  // ---- hyperparameters ----

  private static Hyperparameters hyperparameters(
      Params params, Optional<ObjectNode> method, TuningMethod kind) {
    Optional<ObjectNode> old = object(params, "hyperparameters");
    Optional<ObjectNode> ofMethod =
        method
            .flatMap(given -> object(new Params(given), kind.word()))
            .flatMap(given -> object(new Params(given), "hyperparameters"));
    if (ofMethod.isPresent() && old.isPresent()) {
      throw ApiException.invalid(
          "hyperparameters", "hyperparameters: give them in method only, or without method");
    }
    return ofMethod
        .or(() -> old)
        .map(Params::new)
        .map(JobRequestReader::values)
        .orElseGet(Hyperparameters::auto);
  }

  private static Hyperparameters values(Params given) {
    return new Hyperparameters(
        orAuto(given, "batch_size", name -> integer(given, name, MAX_BATCH)),
        orAuto(given, "learning_rate_multiplier", name -> positive(given, name, MAX_MULTIPLIER)),
        orAuto(given, "n_epochs", name -> integer(given, name, MAX_EPOCHS)),
        orAuto(given, "beta", name -> positive(given, name, MAX_BETA)));
  }

  private static <T> Optional<T> orAuto(Params given, String name, Function<String, T> read) {
    Optional<JsonNode> value = given.value(name);
    return value.isEmpty() || value.get().asText().equals(AUTO)
        ? Optional.empty()
        : Optional.of(read.apply(name));
  }

  private static int integer(Params given, String name, int most) {
    return Math.toIntExact(given.integer(name, 1, most).orElseThrow());
  }

  private static double positive(Params given, String name, double most) {
    return given.number(name, 0, Double.MIN_NORMAL, most);
  }

  // ---- objects ----

  private static Optional<ObjectNode> object(Params params, String name) {
    return params
        .value(name)
        .map(
            value -> {
              if (value instanceof ObjectNode object) {
                return object;
              }
              throw Params.wrong(name, "an object", value);
            });
  }

  private static Map<String, String> metadata(Params params) {
    Map<String, String> metadata = new LinkedHashMap<>();
    object(params, "metadata")
        .ifPresent(
            given ->
                given
                    .properties()
                    .forEach(field -> metadata.put(field.getKey(), text(field.getValue()))));
    boolean fits =
        metadata.size() <= MAX_METADATA
            && metadata.entrySet().stream()
                .allMatch(
                    e -> e.getKey().length() <= MAX_KEY && e.getValue().length() <= MAX_VALUE);
    if (!fits) {
      throw ApiException.invalid(
          "metadata",
          "metadata: at most %d keys of %d characters, with values of %d characters"
              .formatted(MAX_METADATA, MAX_KEY, MAX_VALUE));
    }
    return metadata;
  }

  private static String text(JsonNode value) {
    if (!value.isTextual()) {
      throw Params.wrong("metadata", "strings as values", value);
    }
    return value.textValue();
  }
}
