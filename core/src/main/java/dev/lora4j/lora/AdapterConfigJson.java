package dev.lora4j.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * {@code adapter_config.json}, PEFT's description of an adapter. What would change the mathematics
 * and is not known here is refused by name; all else that is not known has no say.
 */
final class AdapterConfigJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Keys that change what is computed unless they hold a value that means "off". */
  private static final Set<String> MUST_BE_OFF =
      Set.of(
          "alora_invocation_tokens",
          "alpha_pattern",
          "arrow_config",
          "exclude_modules",
          "fan_in_fan_out",
          "kasa_config",
          "layer_replication",
          "layers_pattern",
          "layers_to_transform",
          "lora_bias",
          "modules_to_save",
          "monteclora_config",
          "rank_pattern",
          "target_parameters",
          "trainable_token_indices",
          "use_bdlora",
          "use_dora",
          "use_qalora",
          "use_rslora",
          "velora_config");

  /** Ways to begin that leave the base as it is; after others the adapter fits a changed base. */
  private static final Set<String> HARMLESS_BEGINNINGS =
      Set.of("gaussian", "eva", "mica", "orthogonal");

  private AdapterConfigJson() {}

  static byte[] write(LoraConfig config, List<String> adaptedPaths) {
    ObjectNode json = JSON.createObjectNode();
    json.put("peft_type", "LORA");
    json.putNull("task_type");
    json.putNull("base_model_name_or_path");
    json.put("r", config.rank());
    if (config.alpha() == (int) config.alpha()) {
      json.put("lora_alpha", (int) config.alpha());
    } else {
      json.put("lora_alpha", config.alpha());
    }
    json.put("lora_dropout", 0.0);
    json.put("bias", "none");
    json.put("init_lora_weights", true);
    json.put("inference_mode", true);
    if (config.targets() instanceof Targets.Matching matching) {
      json.put("target_modules", matching.regex().pattern());
    } else {
      List<String> names =
          config.targets() instanceof Targets.Named named ? named.names() : adaptedPaths;
      names.forEach(json.putArray("target_modules")::add);
    }
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a config that can't be written", e);
    }
  }

  static LoraConfig read(Path file, byte[] bytes) {
    JsonNode json = parse(file, bytes);
    if (!json.path("peft_type").asText().equals("LORA")) {
      throw new UserError(
          "%s: peft_type: expected LORA, found %s".formatted(file, json.path("peft_type")));
    }
    refuseUnknownMathematics(file, json);
    int rank = Math.toIntExact(integer(file, json, "r", 8));
    double alpha = number(file, json, "lora_alpha", 8);
    if (rank < 1) {
      throw new CorruptFile(file, "r: expected at least 1, found " + rank);
    }
    if (!Double.isFinite(alpha)) {
      throw new CorruptFile(file, "lora_alpha: expected a finite number, found " + alpha);
    }
    return new LoraConfig(rank, alpha, targets(file, json.path("target_modules")));
  }

  private static JsonNode parse(Path file, byte[] bytes) {
    try {
      JsonNode json = JSON.readTree(bytes);
      if (json == null || !json.isObject()) {
        throw new CorruptFile(file, "expected a JSON object");
      }
      return json;
    } catch (IOException e) {
      throw new CorruptFile(file, "no JSON: " + firstLine(e), e);
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static void refuseUnknownMathematics(Path file, JsonNode json) {
    List<String> refused = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      if (MUST_BE_OFF.contains(entry.getKey()) && !isOff(entry.getValue())) {
        refused.add(entry.getKey() + " = " + entry.getValue());
      }
    }
    JsonNode beginning = json.path("init_lora_weights");
    if (beginning.isTextual()
        && !HARMLESS_BEGINNINGS.contains(beginning.asText().toLowerCase(Locale.ROOT))) {
      refused.add("init_lora_weights = " + beginning);
    }
    if (!json.path("bias").asText("none").equals("none")) {
      refused.add("bias = " + json.path("bias"));
    }
    if (!refused.isEmpty()) {
      throw new UserError(
          file + ": not supported, and it would change the result: " + String.join(", ", refused));
    }
  }

  private static boolean isOff(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty());
  }

  private static long integer(Path file, JsonNode json, String key, long otherwise) {
    double value = number(file, json, key, (double) otherwise);
    if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
      throw new CorruptFile(file, key + ": expected an integer, found " + json.path(key));
    }
    return (long) value;
  }

  private static double number(Path file, JsonNode json, String key, double otherwise) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return otherwise;
    }
    if (!value.isNumber()) {
      throw new CorruptFile(file, key + ": expected a number, found " + value);
    }
    return value.doubleValue();
  }

  private static Targets targets(Path file, JsonNode value) {
    if (value.isTextual()) {
      return value.asText().equalsIgnoreCase("all-linear")
          ? Targets.everyLinear()
          : Targets.matching(value.asText());
    }
    if (value instanceof ArrayNode names && !names.isEmpty()) {
      List<String> list = new ArrayList<>();
      for (JsonNode name : names) {
        if (!name.isTextual()) {
          throw new CorruptFile(file, "target_modules: expected names, found " + name);
        }
        list.add(name.asText());
      }
      return Targets.named(list);
    }
    throw new UserError(
        file
            + ": target_modules: expected a list of names or a regular expression, found "
            + value);
  }
}
