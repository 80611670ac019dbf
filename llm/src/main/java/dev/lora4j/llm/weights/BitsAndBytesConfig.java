package dev.lora4j.llm.weights;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import java.util.List;
import java.util.Optional;

/**
 * The {@code quantization_config} of a {@code config.json}, as transformers writes it for
 * bitsandbytes.
 *
 * @param type NF4, FP4 or INT8
 * @param doubleQuant whether the scales of 4-bit blocks are quantised too
 */
public record BitsAndBytesConfig(QuantType type, boolean doubleQuant) {
  /** The field in {@code config.json}. */
  public static final String KEY = "quantization_config";

  private static final String METHOD = "quant_method";
  private static final String OURS = "bitsandbytes";
  private static final String TYPE = "bnb_4bit_quant_type";

  /** Returns whether a model is quantised by bitsandbytes, by its config. */
  public static boolean isIn(JsonDocument config) {
    return !JsonDocument.isOff(config.node(KEY)) && method(config.object(KEY)).equals(OURS);
  }

  /**
   * Reads the config of a model that is quantised; empty if it is not.
   *
   * @throws UserError if it is quantised in another way
   */
  public static Optional<BitsAndBytesConfig> in(JsonDocument config) {
    if (JsonDocument.isOff(config.node(KEY))) {
      return Optional.empty();
    }
    JsonDocument fields = config.object(KEY);
    boolean eight = flag(fields, "load_in_8bit");
    boolean four = flag(fields, "load_in_4bit");
    String method = method(fields);
    if (!method.equals(OURS)) {
      throw new UserError(
          "%s is %s, which is not supported; supported: %s. Give the model that it was quantised from, with --quantize nf4 to train in 4 bits, or a GGUF file of it"
              .formatted(fields.path(METHOD), method, OURS));
    }
    if (eight == four) {
      throw new UserError(
          "%s: expected one of load_in_4bit and load_in_8bit, found %s"
              .formatted(config.path(KEY), eight ? "both" : "neither"));
    }
    if (fields.flag("llm_int8_has_fp16_weight", false)) {
      throw new UserError(
          fields.path("llm_int8_has_fp16_weight")
              + " is true: its weights are not quantised; give the model in half precision");
    }
    return Optional.of(
        new BitsAndBytesConfig(
            eight ? QuantType.INT8 : fourBits(fields),
            fields.flag("bnb_4bit_use_double_quant", false)));
  }

  private static String method(JsonDocument fields) {
    boolean isOurs = flag(fields, "load_in_8bit") || flag(fields, "load_in_4bit");
    return fields.text(METHOD, isOurs ? OURS : "nothing");
  }

  private static boolean flag(JsonDocument fields, String key) {
    return fields.flag(key, fields.flag("_" + key, false));
  }

  private static QuantType fourBits(JsonDocument fields) {
    String type = fields.text(TYPE, "fp4"); // bitsandbytes' own default
    return switch (type) {
      case "nf4" -> QuantType.NF4;
      case "fp4" -> QuantType.FP4;
      default ->
          throw new UserError("%s is '%s'; expected nf4 or fp4".formatted(fields.path(TYPE), type));
    };
  }

  /** Returns a config without the field, for the family that builds the network. */
  public static JsonDocument removedFrom(JsonDocument config) {
    ObjectNode fields = config.json();
    fields.remove(KEY);
    return JsonDocument.of(config.file(), fields);
  }

  /** Returns the field's value as transformers reads it. */
  public ObjectNode json(List<String> skipped) {
    boolean four = type != QuantType.INT8;
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("_load_in_4bit", four).put("_load_in_8bit", !four);
    json.put("bnb_4bit_compute_dtype", "float32");
    json.put("bnb_4bit_quant_storage", "uint8");
    json.put(TYPE, four ? type.word() : "fp4");
    json.put("bnb_4bit_use_double_quant", doubleQuant);
    json.put("llm_int8_enable_fp32_cpu_offload", false);
    json.put("llm_int8_has_fp16_weight", false);
    if (skipped.isEmpty()) {
      json.putNull("llm_int8_skip_modules");
    } else {
      skipped.forEach(json.putArray("llm_int8_skip_modules")::add);
    }
    json.put("llm_int8_threshold", 6.0);
    json.put("load_in_4bit", four).put("load_in_8bit", !four);
    return json.put(METHOD, OURS);
  }
}
