package dev.lora4j.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What mlx-lm's {@code adapter_config.json} says of an adapter.
 *
 * @param dora whether {@code fine_tune_type} is {@code "dora"}
 * @param rank {@code lora_parameters.rank}, of every layer
 * @param scale {@code lora_parameters.scale}: the factor itself, not to be divided by the rank
 * @param dropout {@code lora_parameters.dropout}
 * @param keys {@code lora_parameters.keys}: layers by their path, in the model or below one of its
 *     numbered blocks; empty where the model's own default counts
 */
record MlxConfig(boolean dora, int rank, double scale, double dropout, List<String> keys) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ALL_BLOCKS = -1;

  MlxConfig {
    keys = List.copyOf(keys);
  }

  static MlxConfig read(Path directory) {
    Path file = directory.resolve(PeftAdapter.CONFIG);
    JsonNode json = AdapterFormat.json(file, directory);
    String type = json.path("fine_tune_type").asText("lora");
    if (!type.equals("lora") && !type.equals("dora")) {
      throw new UserError(
          "%s: fine_tune_type: expected lora or dora, found %s; it is no adapter"
              .formatted(file, type));
    }
    JsonNode parameters = json.path("lora_parameters");
    JsonNode rank = parameters.path("rank");
    if (!rank.canConvertToInt() || !rank.isIntegralNumber() || rank.intValue() < 1) {
      throw wrong(file, "rank", "a whole number of 1 or more", rank);
    }
    return new MlxConfig(
        type.equals("dora"),
        rank.intValue(),
        number(file, "scale", parameters.path("scale")),
        parameters.has("dropout") ? number(file, "dropout", parameters.path("dropout")) : 0,
        keys(file, parameters.path("keys")));
  }

  private static double number(Path file, String key, JsonNode value) {
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw wrong(file, key, "a finite number", value);
    }
    return value.doubleValue();
  }

  private static List<String> keys(Path file, JsonNode value) {
    List<String> keys = new ArrayList<>();
    if (!value.isMissingNode() && !value.isNull() && !value.isArray()) {
      throw wrong(file, "keys", "a list of names", value);
    }
    for (JsonNode key : value) {
      if (!key.isTextual()) {
        throw wrong(file, "keys", "names", key);
      }
      keys.add(key.asText());
    }
    return keys;
  }

  private static CorruptFile wrong(Path file, String key, String expected, JsonNode found) {
    return new CorruptFile(
        file, "lora_parameters.%s: expected %s, found %s".formatted(key, expected, found));
  }

  /** Whether mlx-lm would adapt the layer at this path. */
  boolean means(String path) {
    return keys.isEmpty()
        || keys.stream()
            .anyMatch(key -> path.equals(key) || path.matches(".*\\.\\d+\\." + quoted(key)));
  }

  private static String quoted(String key) {
    return Pattern.quote(key);
  }

  byte[] json() {
    ObjectNode json = JSON.createObjectNode();
    json.put("fine_tune_type", dora ? "dora" : "lora");
    json.put("num_layers", ALL_BLOCKS);
    ObjectNode parameters = json.putObject("lora_parameters");
    parameters.put("rank", rank);
    parameters.put("scale", scale);
    parameters.put("dropout", dropout);
    keys.forEach(parameters.putArray("keys")::add);
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a config that can't be written", e);
    }
  }
}
