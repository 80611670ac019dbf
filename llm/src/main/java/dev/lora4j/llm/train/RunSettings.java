package dev.lora4j.llm.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.AdamW;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * The settings of a run that a resumed run must share, as {@code run.json} records them.
 *
 * @param json the settings by name
 * @param records those that version 0.1.0 recorded as the text of a Java record
 */
record RunSettings(ObjectNode json, Map<String, Record> records) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Returns the settings of a job.
   *
   * @param steps steps of the whole run
   */
  static RunSettings of(TrainingJob job, long steps) {
    TrainingArguments arguments = job.settings();
    LoraConfig config = job.model().config(job.adapter());
    ObjectNode json = JSON.createObjectNode();
    putLength(json.putObject("length"), arguments.length());
    putBatching(json, arguments.batching());
    putOptimizer(json.putObject("optimizer"), arguments.optimizer());
    json.putNull("lora_plus");
    arguments
        .loraPlus()
        .ifPresent(
            plus ->
                json.putObject("lora_plus")
                    .put("ratio", plus.ratio())
                    .put("embedding_rate", plus.embeddingRate()));
    json.putObject("schedule")
        .put("shape", arguments.schedule().shape().name().toLowerCase(Locale.ROOT))
        .put("warmup_steps", arguments.schedule().warmUp());
    json.put("longest_gradient", arguments.maxGradNorm());
    putPace(json.putObject("pace"), arguments.pace());
    json.put("seed", arguments.seed()).put("workers", job.workers());
    job.objective().settings().forEach(json::put);
    json.put("data_sha256", DataDigest.of(job.objective().examples())).put("steps", steps);
    json.set("adapter", adapter(config));
    json.put("adapter_parameters", parameters(job));
    json.put("base_sha256", job.model().fingerprint().sha256());
    return new RunSettings(json, records(arguments, config));
  }

  private static void putLength(ObjectNode json, TrainingDuration length) {
    if (length instanceof TrainingDuration.Epochs epochs) {
      json.put("epochs", epochs.count());
    } else {
      json.put("steps", ((TrainingDuration.Steps) length).count());
    }
  }

  private static void putBatching(ObjectNode json, BatchConfig batching) {
    json.put("batch", batching.batchSize());
    json.put("accumulate", batching.gradientAccumulationSteps());
    json.put("max_tokens", batching.maxSeqLength());
    json.put("packing", batching.packed());
    json.put("checkpointing", batching.activationCheckpointing());
  }

  private static void putOptimizer(ObjectNode json, AdamW.Settings optimizer) {
    json.put("learning_rate", optimizer.learningRate());
    json.put("beta1", optimizer.beta1()).put("beta2", optimizer.beta2());
    json.put("epsilon", optimizer.epsilon()).put("weight_decay", optimizer.weightDecay());
  }

  private static void putPace(ObjectNode json, EvalAndSavePolicy pace) {
    json.put("eval_steps", pace.evaluateEvery()).put("save_steps", pace.checkpointEvery());
    json.put("early_stopping_patience", pace.patience());
  }

  /** Returns the config with PEFT's keys, before the network resolves its target modules. */
  private static JsonNode adapter(LoraConfig config) {
    try {
      ObjectNode json = (ObjectNode) JSON.readTree(ConfigWriter.write(config, List.of(), false));
      if (config.targets() instanceof Targets.EveryLinear) {
        json.put("target_modules", "all-linear");
      } else if (config.targets() instanceof Targets.OfArchitecture) {
        json.putNull("target_modules");
      }
      return json;
    } catch (IOException e) {
      throw new IllegalStateException("a config is JSON", e);
    }
  }

  private static long parameters(TrainingJob job) {
    return job.model().parameters(job.adapter()).stream().mapToLong(Parameter::numel).sum();
  }

  private static Map<String, Record> records(TrainingArguments arguments, LoraConfig config) {
    Map<String, Record> records = new LinkedHashMap<>();
    records.put("length", (Record) arguments.length());
    records.put("optimizer", arguments.optimizer());
    arguments.loraPlus().ifPresent(plus -> records.put("lora_plus", plus));
    records.put("schedule", arguments.schedule());
    records.put("pace", arguments.pace());
    records.put("adapter", config);
    return records;
  }

  // ---- comparison ----

  /** Returns a line for each setting that differs from those recorded at the start of a run. */
  List<String> differences(JsonNode recorded) {
    List<String> differences = new ArrayList<>();
    json.properties()
        .forEach(
            setting -> {
              String name = setting.getKey();
              JsonNode before = recorded.path(name);
              if (before.isTextual() && records.containsKey(name)) {
                String now = FormerRecordText.of(records.get(name));
                addDifference(differences, name, before.asText(), now);
              } else {
                compare(differences, name, before, setting.getValue());
              }
            });
    return differences;
  }

  private static void compare(List<String> differences, String name, JsonNode was, JsonNode now) {
    if (was.isObject() && now.isObject()) {
      TreeSet<String> keys = new TreeSet<>();
      was.fieldNames().forEachRemaining(keys::add);
      now.fieldNames().forEachRemaining(keys::add);
      keys.forEach(key -> compare(differences, name + "." + key, was.path(key), now.path(key)));
    } else {
      addDifference(differences, name, text(was), text(now));
    }
  }

  private static String text(JsonNode value) {
    return value.isMissingNode() || value.isNull()
        ? "none"
        : value.isValueNode() ? value.asText() : value.toString();
  }

  private static void addDifference(List<String> list, String name, String was, String now) {
    if (!was.equals(now) && !isSameNumber(was, now)) {
      list.add("%s: was %s, is now %s".formatted(name, was, now));
    }
  }

  private static boolean isSameNumber(String one, String other) {
    try {
      return new BigDecimal(one).compareTo(new BigDecimal(other)) == 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
