package dev.lora4j.lora.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.method.ConfigKeys;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a config as PEFT's {@code adapter_config.json}. */
public final class ConfigWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ConfigWriter() {}

  /**
   * @param paths the adapted layers, for configs that name none
   * @param fanInFanOut whether some of them store their weight as {@code [in, out]}
   */
  public static byte[] write(LoraConfig config, List<String> paths, boolean fanInFanOut) {
    ObjectNode json = JSON.createObjectNode();
    json.put("peft_type", config.method().peftType());
    json.putNull("task_type");
    json.putNull("base_model_name_or_path");
    json.put("r", config.rank());
    putNumber(json, "lora_alpha", config.alpha());
    putTargets(json, "target_modules", config.targets(), paths);
    if (!config.exclude().equals(Targets.none())) {
      putTargets(json, "exclude_modules", config.exclude(), List.of());
    }
    json.put(config.method().dropoutKey(), config.dropout());
    json.put("bias", config.bias().word());
    json.put("lora_bias", config.loraBias());
    json.put("use_rslora", config.rsLora());
    json.put("use_dora", config.dora());
    json.put("fan_in_fan_out", fanInFanOut);
    putInitialization(json, config.initialization());
    putPatterns(json, "rank_pattern", config.rankPattern());
    putPatterns(json, "alpha_pattern", config.alphaPattern());
    putList(json, "layers_to_transform", config.layersToTransform());
    putList(json, "layers_pattern", config.layersPattern());
    putList(json, "modules_to_save", config.modulesToSave());
    putList(json, "target_parameters", config.targetParameters());
    if (config.trainableTokens().isEmpty()) {
      json.putNull("trainable_token_indices");
    } else {
      json.putPOJO("trainable_token_indices", config.trainableTokens());
    }
    json.put("inference_mode", true);
    putMethod(json, config.method());
    putOthers(json, config.otherKeys());
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("config can't be serialised", e);
    }
  }

  /** Writes whole numbers as integers, as PEFT does. */
  /** Returns a config with PEFT's keys, before the network resolves its target modules. */
  public static ObjectNode json(LoraConfig config) {
    try {
      ObjectNode json = (ObjectNode) JSON.readTree(write(config, List.of(), false));
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

  private static void putNumber(ObjectNode json, String key, double value) {
    if (value == (int) value) {
      json.put(key, (int) value);
    } else {
      json.put(key, value);
    }
  }

  private static void putTargets(ObjectNode json, String key, Targets targets, List<String> paths) {
    if (targets instanceof Targets.Matching matching) {
      json.put(key, matching.regex());
    } else {
      List<String> names = targets instanceof Targets.Named named ? named.names() : paths;
      names.forEach(json.putArray(key)::add);
    }
  }

  private static void putInitialization(ObjectNode json, Initialization how) {
    if (how instanceof Initialization.Eva eva) {
      ObjectNode config = json.putObject("eva_config");
      config.put("rho", eva.rho());
      config.put("tau", eva.tau());
      config.put("use_label_mask", eva.useLabelMask());
      config.put("label_mask_value", eva.labelMaskValue());
      config.put("whiten", eva.whiten());
      config.put("adjust_scaling_factors", eva.adjustScalingFactors());
    }
    if (how instanceof Initialization.Loftq loftq) {
      json.putObject("loftq_config")
          .put("loftq_bits", loftq.bits())
          .put("loftq_iter", loftq.iterations());
    }
    switch (how.word()) {
      case "true" -> json.put("init_lora_weights", true);
      case "false" -> json.put("init_lora_weights", false);
      default -> json.put("init_lora_weights", how.word());
    }
  }

  private static void putPatterns(ObjectNode json, String key, PathPatterns patterns) {
    ObjectNode values = json.putObject(key);
    patterns.values().forEach((pattern, value) -> putNumber(values, pattern, value));
  }

  private static void putList(ObjectNode json, String key, List<?> values) {
    if (values.isEmpty()) {
      json.putNull(key);
    } else {
      json.putPOJO(key, values);
    }
  }

  /** Replaces the LoRA keys that the method does not have with the method's settings. */
  private static void putMethod(ObjectNode json, LoraMethod method) {
    Set<String> foreign = new HashSet<>(ConfigKeys.KNOWN);
    foreign.removeAll(method.configKeys());
    json.remove(foreign);
    method.settings().forEach(json::putPOJO);
  }

  private static void putOthers(ObjectNode json, Map<String, String> others) {
    others.forEach(
        (key, value) -> {
          try {
            json.set(key, JSON.readTree(value));
          } catch (JsonProcessingException e) {
            throw new IllegalStateException("stored value is not JSON", e);
          }
        });
  }
}
