package dev.lora4j.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads PEFT's {@code adapter_config.json}. What would change the mathematics and is not known here
 * is refused by name; all else that is not known has no say, and is kept.
 */
final class ConfigReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final JsonNode json;

  private ConfigReader(Path file, JsonNode json) {
    this.file = file;
    this.json = json;
  }

  static LoraConfig read(Path file, byte[] bytes) {
    JsonNode json;
    try {
      json = JSON.readTree(bytes);
    } catch (IOException e) {
      throw new CorruptFile(file, "no JSON: " + firstLine(e), e);
    }
    if (json == null || !json.isObject()) {
      throw new CorruptFile(file, "expected a JSON object");
    }
    return new ConfigReader(file, json).read();
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private LoraConfig read() {
    if (!json.path("peft_type").asText().equals("LORA")) {
      throw new UserError(
          "%s: peft_type: expected LORA, found %s".formatted(file, json.path("peft_type")));
    }
    refuseUnknownMathematics();
    int rank = integer("r", 8);
    if (rank < 1) {
      throw wrong("r", "at least 1");
    }
    LoraConfigBuilder config = new LoraConfigBuilder(rank);
    config.alpha = number("lora_alpha", 8);
    if (!Double.isFinite(config.alpha)) {
      throw new CorruptFile(file, "lora_alpha: expected a finite number, found " + config.alpha);
    }
    config.targets = targets("target_modules");
    config.exclude = targets("exclude_modules");
    config.dropout = number("lora_dropout", 0);
    config.bias = bias();
    config.loraBias = flag("lora_bias");
    config.rsLora = flag("use_rslora");
    config.dora = flag("use_dora");
    config.initialization = initialization();
    config.rankPattern = patterns("rank_pattern");
    config.alphaPattern = patterns("alpha_pattern");
    config.layersToTransform = integers("layers_to_transform");
    config.layersPattern = strings("layers_pattern");
    config.modulesToSave = strings("modules_to_save");
    config.targetParameters = strings("target_parameters");
    config.trainableTokens = tokens();
    config.otherKeys = otherKeys();
    if (config.targets.equals(Targets.none())
        && config.targetParameters.isEmpty()
        && config.trainableTokens.isEmpty()) {
      if (!isAbsent(json.path("target_modules"))) {
        throw noTargets();
      }
      config.targets = Targets.ofArchitecture();
    }
    try {
      return config.build();
    } catch (UserError e) {
      throw new CorruptFile(file, String.valueOf(e.getMessage()), e);
    }
  }

  private void refuseUnknownMathematics() {
    List<String> refused = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      if (ConfigKeys.MUST_BE_OFF.contains(entry.getKey()) && !isOff(entry.getValue())) {
        refused.add(entry.getKey() + " = " + entry.getValue());
      }
    }
    JsonNode beginning = json.path("init_lora_weights");
    if (ConfigKeys.UNREPEATABLE.contains(beginning.asText())) {
      refused.add("init_lora_weights = " + beginning);
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

  private Map<String, String> otherKeys() {
    Map<String, String> others = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      if (!ConfigKeys.KNOWN.contains(entry.getKey()) && !entry.getValue().isNull()) {
        others.put(entry.getKey(), entry.getValue().toString());
      }
    }
    return others;
  }

  // ---- components ----

  private Targets targets(String key) {
    JsonNode value = json.path(key);
    if (isAbsent(value)) {
      return Targets.none();
    }
    if (value.isTextual()) {
      return value.asText().equalsIgnoreCase("all-linear")
          ? Targets.everyLinear()
          : Targets.matching(value.asText());
    }
    if (!value.isArray()) {
      throw noTargets();
    }
    return Targets.named(strings(key));
  }

  private UserError noTargets() {
    return new UserError(
        "%s: target_modules: expected a list of names or a regular expression, found %s"
            .formatted(file, json.path("target_modules")));
  }

  private BiasTraining bias() {
    String word = json.path("bias").asText("none");
    return Stream.of(BiasTraining.values())
        .filter(bias -> bias.word().equals(word))
        .findFirst()
        .orElseThrow(() -> wrong("bias", "none, all or lora_only"));
  }

  private Initialization initialization() {
    JsonNode value = json.path("init_lora_weights");
    if (isAbsent(value)) {
      return new Initialization.Standard();
    }
    if (!value.isBoolean() && !value.isTextual()) {
      throw wrong("init_lora_weights", "true, false or a name");
    }
    try {
      Initialization how = Initialization.named(value.asText());
      return how instanceof Initialization.Eva standard ? eva(standard) : how;
    } catch (UserError e) {
      throw new UserError(file + ": " + e.getMessage(), e);
    }
  }

  private Initialization.Eva eva(Initialization.Eva otherwise) {
    JsonNode config = json.path("eva_config");
    if (isAbsent(config)) {
      return otherwise;
    }
    if (!config.isObject()) {
      throw wrong("eva_config", "an object");
    }
    return new Initialization.Eva(
        config.path("rho").asDouble(otherwise.rho()),
        config.path("tau").asDouble(otherwise.tau()),
        config.path("use_label_mask").asBoolean(otherwise.useLabelMask()),
        config.path("label_mask_value").asLong(otherwise.labelMaskValue()),
        config.path("whiten").asBoolean(otherwise.whiten()),
        config.path("adjust_scaling_factors").asBoolean(otherwise.adjustScalingFactors()));
  }

  private PathPatterns patterns(String key) {
    JsonNode value = json.path(key);
    if (isAbsent(value)) {
      return PathPatterns.none();
    }
    if (!value.isObject()) {
      throw wrong(key, "an object of numbers");
    }
    Map<String, Double> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      if (!entry.getValue().isNumber()) {
        throw wrong(key, "an object of numbers");
      }
      values.put(entry.getKey(), entry.getValue().doubleValue());
    }
    try {
      return new PathPatterns(values);
    } catch (UserError e) {
      throw new UserError(file + ": " + key + ": " + e.getMessage(), e);
    }
  }

  /** By embedding; a plain list means PEFT's default, {@code embed_tokens}. */
  private Map<String, List<Long>> tokens() {
    JsonNode value = json.path("trainable_token_indices");
    if (isAbsent(value)) {
      return Map.of();
    }
    if (value.isArray()) {
      return Map.of("embed_tokens", rows(value));
    }
    if (!value.isObject()) {
      throw wrong("trainable_token_indices", "a list, or lists by embedding");
    }
    Map<String, List<Long>> tokens = new LinkedHashMap<>();
    value.properties().forEach(entry -> tokens.put(entry.getKey(), rows(entry.getValue())));
    return tokens;
  }

  private List<Long> rows(JsonNode list) {
    List<Long> rows = new ArrayList<>();
    for (JsonNode row : list) {
      if (!row.isIntegralNumber()) {
        throw wrong("trainable_token_indices", "integers");
      }
      rows.add(row.longValue());
    }
    return rows;
  }

  // ---- kinds of values ----

  private static boolean isAbsent(JsonNode value) {
    return value.isMissingNode() || value.isNull();
  }

  private CorruptFile wrong(String key, String expected) {
    return new CorruptFile(
        file, "%s: expected %s, found %s".formatted(key, expected, json.path(key)));
  }

  private boolean flag(String key) {
    JsonNode value = json.path(key);
    if (!isAbsent(value) && !value.isBoolean()) {
      throw wrong(key, "true or false");
    }
    return value.asBoolean(false);
  }

  private int integer(String key, int otherwise) {
    double value = number(key, otherwise);
    if (value != (int) value) {
      throw wrong(key, "an integer");
    }
    return (int) value;
  }

  private double number(String key, double otherwise) {
    JsonNode value = json.path(key);
    if (isAbsent(value)) {
      return otherwise;
    }
    if (!value.isNumber()) {
      throw wrong(key, "a number");
    }
    return value.doubleValue();
  }

  private List<Integer> integers(String key) {
    JsonNode value = json.path(key);
    if (value.isIntegralNumber()) {
      return List.of(value.intValue());
    }
    List<Integer> integers = new ArrayList<>();
    for (JsonNode element : listed(key)) {
      if (!element.isIntegralNumber()) {
        throw wrong(key, "integers");
      }
      integers.add(element.intValue());
    }
    return integers;
  }

  private List<String> strings(String key) {
    JsonNode value = json.path(key);
    if (value.isTextual()) {
      return List.of(value.asText());
    }
    List<String> strings = new ArrayList<>();
    for (JsonNode element : listed(key)) {
      if (!element.isTextual()) {
        throw new CorruptFile(file, key + ": expected names, found " + element);
      }
      strings.add(element.asText());
    }
    return strings;
  }

  private Iterable<JsonNode> listed(String key) {
    JsonNode value = json.path(key);
    if (isAbsent(value)) {
      return List.of();
    }
    if (!value.isArray()) {
      throw wrong(key, "a list");
    }
    return value;
  }
}
