package dev.lora4j.lora.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The fields of mlx-lm's {@code adapter_config.json}.
 *
 * @param dora whether {@code fine_tune_type} is {@code "dora"}
 * @param rank {@code lora_parameters.rank}, of every layer
 * @param scale {@code lora_parameters.scale}: the scaling, not divided by the rank
 * @param dropout {@code lora_parameters.dropout}
 * @param keys {@code lora_parameters.keys}: layer paths, in the model or relative to a numbered
 *     block; empty for the model's default
 */
record MlxConfig(boolean dora, int rank, double scale, double dropout, List<String> keys) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ALL_BLOCKS = -1;

  MlxConfig {
    keys = List.copyOf(keys);
  }

  static MlxConfig read(Path directory) {
    Path file = directory.resolve(PeftAdapter.CONFIG);
    JsonDocument json = AdapterKind.json(file, directory);
    String type = json.text("fine_tune_type", "lora");
    if (!type.equals("lora") && !type.equals("dora")) {
      throw new UserError(
          "%s must be \"lora\" or \"dora\", found \"%s\"; this is not an adapter"
              .formatted(json.path("fine_tune_type"), type));
    }
    JsonDocument parameters = json.object("lora_parameters");
    return new MlxConfig(
        type.equals("dora"),
        parameters.size("rank"),
        parameters.number("scale"),
        parameters.number("dropout", 0),
        parameters.texts("keys"));
  }

  /** Returns whether mlx-lm would adapt the layer at this path. */
  boolean adapts(String path) {
    return keys.isEmpty()
        || keys.stream()
            .anyMatch(key -> path.equals(key) || path.matches(".*\\.\\d+\\." + Pattern.quote(key)));
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
      throw new IllegalStateException("config can't be serialised", e);
    }
  }
}
