package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.NearMiss;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.jobs.Hyperparameters;
import dev.lora4j.serve.jobs.JobRequest;
import dev.lora4j.serve.jobs.TuningMethod;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

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
    Optional<Params> method = params.object("method");
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
        models.all().stream()
            .map(InferenceEngine::model)
            .filter(ServedModel::generates)
            .map(ServedModel::name)
            .toList();
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

  private static TuningMethod kind(Params method) {
    String type = method.requiredText("type");
    return switch (type) {
      case "supervised" -> TuningMethod.SUPERVISED;
      case "dpo" -> TuningMethod.DPO;
      default ->
          throw ApiException.invalid(
              "method.type",
              "method.type: supervised and dpo are supported, found \"" + type + "\"");
    };
  }

  // ---- hyperparameters ----

  private static Hyperparameters hyperparameters(
      Params params, Optional<Params> method, TuningMethod kind) {
    Optional<Params> old = params.object("hyperparameters");
    Map<TuningMethod, Params> given = new EnumMap<>(TuningMethod.class);
    for (TuningMethod each : TuningMethod.values()) {
      method
          .flatMap(all -> all.object(each.word()))
          .flatMap(settings -> settings.object("hyperparameters"))
          .ifPresent(values -> given.put(each, values));
    }
    given.values().forEach(JobRequestReader::values); // refuses wrong ones of any method
    Optional<Params> ofMethod = Optional.ofNullable(given.get(kind));
    if (ofMethod.isPresent() && old.isPresent()) {
      throw ApiException.invalid(
          "hyperparameters", "hyperparameters: give them in method only, or without method");
    }
    return ofMethod.or(() -> old).map(JobRequestReader::values).orElseGet(Hyperparameters::auto);
  }

  private static Hyperparameters values(Params given) {
    return new Hyperparameters(
        integer(given, "batch_size", MAX_BATCH),
        positive(given, "learning_rate_multiplier", MAX_MULTIPLIER),
        integer(given, "n_epochs", MAX_EPOCHS),
        positive(given, "beta", MAX_BETA));
  }

  private static Optional<Integer> integer(Params given, String name, int most) {
    return isAuto(given, name, "an integer")
        ? Optional.empty()
        : given.integer(name, 1, most).map(Math::toIntExact);
  }

  private static Optional<Double> positive(Params given, String name, double most) {
    return isAuto(given, name, "a number")
        ? Optional.empty()
        : Optional.of(given.number(name, 0, Double.MIN_NORMAL, most));
  }

  /** Returns whether a hyperparameter is chosen automatically: absent, or {@code "auto"}. */
  private static boolean isAuto(Params given, String name, String otherwise) {
    Optional<JsonNode> value = given.value(name);
    if (value.isPresent() && !value.get().isNumber() && !AUTO.equals(value.get().textValue())) {
      throw given.refusal(name, otherwise + " or \"auto\"", value.get());
    }
    return value.isEmpty() || value.get().isTextual();
  }

  private static Map<String, String> metadata(Params params) {
    Map<String, String> metadata = new LinkedHashMap<>();
    params
        .object("metadata")
        .ifPresent(given -> given.all().forEach((key, value) -> metadata.put(key, text(value))));
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
