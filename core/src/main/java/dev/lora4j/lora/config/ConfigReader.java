package dev.lora4j.lora.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.Unreadable;
import dev.lora4j.io.WholeFile;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.method.ConfigKeys;
import dev.lora4j.lora.method.LoraMethods;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Reads PEFT's {@code adapter_config.json}; refuses unsupported fields and keeps unknown ones. */
public final class ConfigReader {
  private static final String LOFTQ = "loftq_config";
  private static final String TOKENS = "trainable_token_indices";
  private final JsonDocument json;

  private ConfigReader(JsonDocument json) {
    this.json = json;
  }

  public static LoraConfig read(Path file) {
    try {
      return read(file, WholeFile.read(file, JsonDocument.MAX_BYTES));
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  static LoraConfig read(Path file, byte[] bytes) {
    return new ConfigReader(JsonDocument.parse(file, bytes)).read();
  }

  private LoraConfig read() {
    LoraMethod method = method();
    refuseUnknownMathematics();
    LoraConfigBuilder config = new LoraConfigBuilder(json.size("r", method.defaultRank()));
    config.method = method;
    if (method.configKeys().contains("lora_alpha")) {
      config.alpha = json.number("lora_alpha", 8);
    }
    config.targets = targets("target_modules");
    config.exclude = targets("exclude_modules");
    config.dropout = json.number(method.dropoutKey(), 0);
    config.bias = bias();
    config.loraBias = json.flag("lora_bias", false);
    config.rsLora = json.flag("use_rslora", false);
    config.dora = json.flag("use_dora", false);
    config.initialization = initialization();
    config.rankPattern = patterns("rank_pattern");
    config.alphaPattern = patterns("alpha_pattern");
    config.layersToTransform =
        json.integers("layers_to_transform").stream().map(Long::intValue).toList();
    config.layersPattern = json.texts("layers_pattern");
    config.modulesToSave = json.texts("modules_to_save");
    config.targetParameters = json.texts("target_parameters");
    config.trainableTokens = tokens();
    config.otherKeys = otherKeys(method);
    if (config.initialization instanceof Initialization.Loftq) {
      config.otherKeys.remove(LOFTQ);
    }
    if (config.targets.equals(Targets.none())
        && config.targetParameters.isEmpty()
        && config.trainableTokens.isEmpty()) {
      if (json.has("target_modules")) {
        throw noTargets();
      }
      config.targets = Targets.ofArchitecture();
    }
    try {
      return config.build();
    } catch (UserError e) {
      throw new CorruptFile(json.file(), String.valueOf(e.getMessage()), e);
    }
  }

  private LoraMethod method() {
    String type = json.node("peft_type").asText();
    if (!LoraMethods.peftTypes().contains(type)) {
      String valid = String.join("\" or \"", LoraMethods.peftTypes());
      throw new UserError(
          "%s must be \"%s\", found %s"
              .formatted(json.path("peft_type"), valid, json.node("peft_type")));
    }
    return LoraMethods.named(type).withSettings(json);
  }

  private void refuseUnknownMathematics() {
    List<String> refused = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : json.fields()) {
      if (ConfigKeys.MUST_BE_OFF.contains(entry.getKey())
          && !JsonDocument.isOff(entry.getValue())) {
        refused.add(entry.getKey() + " = " + entry.getValue());
      }
    }
    JsonNode initialization = json.node("init_lora_weights");
    if (ConfigKeys.UNREPEATABLE.contains(initialization.asText())) {
      refused.add("init_lora_weights = " + initialization);
    }
    json.refuse(refused);
  }

  private Map<String, String> otherKeys(LoraMethod method) {
    Set<String> own = method.settings().keySet();
    Map<String, String> others = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : json.fields()) {
      String key = entry.getKey();
      boolean isKnown =
          ConfigKeys.KNOWN.contains(key) || own.contains(key) || key.equals(method.dropoutKey());
      if (!isKnown && !entry.getValue().isNull()) {
        others.put(entry.getKey(), entry.getValue().toString());
      }
    }
    return others;
  }

  // ---- components ----

  private Targets targets(String key) {
    JsonNode value = json.node(key);
    if (!json.has(key)) {
      return Targets.none();
    }
    if (value.isTextual()) {
      return value.asText().equalsIgnoreCase("all-linear")
          ? Targets.everyLinear()
          : inField(key, () -> Targets.matching(value.asText()));
    }
    if (!value.isArray()) {
      throw noTargets();
    }
    return Targets.named(json.texts(key));
  }

  private UserError noTargets() {
    return new UserError(
        "%s must be a list of names or a regular expression, found %s"
            .formatted(json.path("target_modules"), json.node("target_modules")));
  }

  private BiasTraining bias() {
    String word = json.node("bias").asText("none");
    return Stream.of(BiasTraining.values())
        .filter(bias -> bias.word().equals(word))
        .findFirst()
        .orElseThrow(() -> json.wrong("bias", "none, all or lora_only", json.node("bias")));
  }

  private Initialization initialization() {
    JsonNode value = json.node("init_lora_weights");
    if (!json.has("init_lora_weights")) {
      return new Initialization.Standard();
    }
    if (!value.isBoolean() && !value.isTextual()) {
      throw json.wrong("init_lora_weights", "true, false or a name", value);
    }
    Initialization how =
        Initialization.find(value.asText()).orElseThrow(() -> unknown(value.asText()));
    if (how instanceof Initialization.Loftq standard) {
      return loftq(standard);
    }
    return how instanceof Initialization.Eva standard ? eva(standard) : how;
  }

  private Initialization.Loftq loftq(Initialization.Loftq otherwise) {
    if (!json.has(LOFTQ)) {
      return otherwise;
    }
    JsonDocument config = json.object(LOFTQ);
    return new Initialization.Loftq(
        config.size("loftq_bits", otherwise.bits()),
        config.size("loftq_iter", otherwise.iterations()));
  }

  private UserError unknown(String word) {
    return new UserError(
        "%s: '%s' is not supported%s"
            .formatted(
                json.path("init_lora_weights"), word, NearMiss.hint(word, Initialization.WORDS)));
  }

  private Initialization.Eva eva(Initialization.Eva otherwise) {
    if (!json.has("eva_config")) {
      return otherwise;
    }
    JsonDocument config = json.object("eva_config");
    return new Initialization.Eva(
        config.node("rho").asDouble(otherwise.rho()),
        config.node("tau").asDouble(otherwise.tau()),
        config.node("use_label_mask").asBoolean(otherwise.useLabelMask()),
        config.node("label_mask_value").asLong(otherwise.labelMaskValue()),
        config.node("whiten").asBoolean(otherwise.whiten()),
        config.node("adjust_scaling_factors").asBoolean(otherwise.adjustScalingFactors()));
  }

  private PathPatterns patterns(String key) {
    JsonNode value = json.node(key);
    if (!json.has(key)) {
      return PathPatterns.none();
    }
    if (!value.isObject()) {
      throw json.wrong(key, "an object of numbers", value);
    }
    Map<String, Double> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      if (!entry.getValue().isNumber()) {
        throw json.wrong(key, "an object of numbers", json.node(key));
      }
      values.put(entry.getKey(), entry.getValue().doubleValue());
    }
    return inField(key, () -> new PathPatterns(values));
  }

  /** Returns what this field's value makes; an error names the file and the field. */
  private <T> T inField(String key, Supplier<T> made) {
    try {
      return made.get();
    } catch (UserError e) {
      throw new UserError(json.path(key) + ": " + e.getMessage(), e);
    }
  }

  /** Returns token indices by embedding; a list is for PEFT's default, {@code embed_tokens}. */
  private Map<String, List<Long>> tokens() {
    JsonNode value = json.node(TOKENS);
    if (!json.has(TOKENS)) {
      return Map.of();
    }
    if (value.isArray()) {
      return Map.of("embed_tokens", rows(value));
    }
    if (!value.isObject()) {
      throw json.wrong(TOKENS, "a list, or lists by embedding", value);
    }
    Map<String, List<Long>> tokens = new LinkedHashMap<>();
    value.properties().forEach(entry -> tokens.put(entry.getKey(), rows(entry.getValue())));
    return tokens;
  }

  private List<Long> rows(JsonNode list) {
    List<Long> rows = new ArrayList<>();
    for (JsonNode row : list) {
      if (!row.isIntegralNumber()) {
        throw json.wrong(TOKENS, "integers", json.node(TOKENS));
      }
      rows.add(row.longValue());
    }
    return rows;
  }
}
