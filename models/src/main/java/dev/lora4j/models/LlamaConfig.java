package dev.lora4j.models;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * The sizes and choices that make a {@link Llama}, a Mistral, or a Qwen.
 *
 * @param family Hugging Face's {@code model_type}, one of {@link #FAMILIES}
 * @param vocabularySize number of tokens
 * @param hiddenSize width of the stream between the layers
 * @param intermediateSize width inside the feed-forward
 * @param layers number of layers
 * @param heads attention heads
 * @param groups heads of keys and values; each serves {@code heads / groups} heads
 * @param headDim numbers in a head
 * @param maxPositions the longest text, in tokens
 * @param normEpsilon RMSNorm's ε
 * @param ropeTheta the base of the rotary frequencies
 * @param ropeScaling how they are scaled for long texts
 * @param windows for each layer, how many tokens one token sees, itself included; empty for all
 * @param queryKeyNorm whether queries and keys are normalised, head by head (Qwen3)
 * @param biases which linear layers have one
 * @param tiedHead whether the head's weight is the embedding's
 * @param attentionDropout probability that an attention weight is dropped in training
 */
public record LlamaConfig(
    String family,
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int groups,
    int headDim,
    int maxPositions,
    double normEpsilon,
    double ropeTheta,
    RopeScaling ropeScaling,
    List<OptionalLong> windows,
    boolean queryKeyNorm,
    Biases biases,
    boolean tiedHead,
    double attentionDropout) {

  /** The {@code model_type}s that are this architecture. */
  public static final List<String> FAMILIES = List.of("llama", "mistral", "qwen2", "qwen3");

  private static final Map<String, Object> NEUTRAL = neutral();

  /**
   * Which linear layers have a bias.
   *
   * @param queryKeyValue q_proj, k_proj and v_proj
   * @param output o_proj
   * @param feedForward gate_proj, up_proj and down_proj
   */
  public record Biases(boolean queryKeyValue, boolean output, boolean feedForward) {}

  public LlamaConfig {
    windows = List.copyOf(windows);
    if (heads % groups != 0) {
      throw new UserError(
          "num_key_value_heads = %d must divide num_attention_heads = %d".formatted(groups, heads));
    }
    if (headDim % 2 != 0) {
      throw new UserError("head_dim must be even, found " + headDim);
    }
    if (windows.size() != layers) {
      throw new UserError(
          "layer_types: expected one for each of %d layers, found %d"
              .formatted(layers, windows.size()));
    }
  }

  /**
   * Reads a {@code config.json} of Hugging Face's, of any age.
   *
   * @throws UserError for an architecture or a choice that is not supported, by name
   * @throws dev.lora4j.CorruptFile where a field is missing or of another kind
   */
  public static LlamaConfig read(Path configJson) {
    return of(JsonDocument.read(configJson));
  }

  /** The same from fields that were read before. */
  public static LlamaConfig of(JsonDocument fields) {
    String family = fields.text("model_type", "");
    if (!FAMILIES.contains(family)) {
      throw new UserError(
          "%s is none of %s%s"
              .formatted(
                  fields.path("model_type = " + family),
                  String.join(", ", FAMILIES),
                  NearMiss.hint(family, FAMILIES)));
    }
    fields.refuseUnless(NEUTRAL);
    JsonDocument rope =
        fields.object(fields.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
    rope.refuseUnless(Map.of("partial_rotary_factor", 1));
    int heads = fields.size("num_attention_heads");
    int hidden = fields.size("hidden_size");
    int layers = fields.size("num_hidden_layers");
    return new LlamaConfig(
        family,
        fields.size("vocab_size"),
        hidden,
        fields.size("intermediate_size"),
        layers,
        heads,
        fields.size("num_key_value_heads", family.equals("mistral") ? 8 : heads),
        fields.size("head_dim", family.equals("qwen3") ? 128 : hidden / heads),
        fields.size("max_position_embeddings", 2048),
        fields.number("rms_norm_eps", 1e-6),
        rope.number("rope_theta", fields.number("rope_theta", 10_000)),
        RopeScaling.read(rope),
        windows(fields, family, layers),
        family.equals("qwen3"),
        biases(fields, family),
        fields.flag("tie_word_embeddings", false),
        fields.number("attention_dropout", 0));
  }

  private static Biases biases(JsonDocument fields, String family) {
    return switch (family) {
      case "qwen2" -> new Biases(true, false, false);
      case "mistral" -> new Biases(false, false, false);
      case "qwen3" -> {
        boolean attention = fields.flag("attention_bias", false);
        yield new Biases(attention, attention, false);
      }
      default -> {
        boolean attention = fields.flag("attention_bias", false);
        yield new Biases(attention, attention, fields.flag("mlp_bias", false));
      }
    };
  }

  // ---- sliding windows ----

  private static List<OptionalLong> windows(JsonDocument fields, String family, int layers) {
    return switch (family) {
      case "llama" -> Collections.nCopies(layers, OptionalLong.empty());
      case "mistral" -> Collections.nCopies(layers, window(fields, true));
      default -> qwenWindows(fields, layers);
    };
  }

  /** The window where it is on; where the field is absent it has transformers' default. */
  private static OptionalLong window(JsonDocument fields, boolean on) {
    boolean isNull = fields.isPresent("sliding_window") && !fields.has("sliding_window");
    return on && !isNull
        ? OptionalLong.of(fields.size("sliding_window", 4096))
        : OptionalLong.empty();
  }

  private static List<OptionalLong> qwenWindows(JsonDocument fields, int layers) {
    OptionalLong window = window(fields, fields.flag("use_sliding_window", false));
    List<String> kinds = fields.texts("layer_types");
    if (kinds.isEmpty()) {
      int first = fields.size("max_window_layers", 28);
      return IntStream.range(0, layers)
          .mapToObj(i -> i >= first ? window : OptionalLong.empty())
          .toList();
    }
    return kinds.stream().map(kind -> windowOfKind(fields, kind, window)).toList();
  }

  private static OptionalLong windowOfKind(JsonDocument fields, String kind, OptionalLong window) {
    return switch (kind) {
      case "full_attention" -> OptionalLong.empty();
      case "sliding_attention" -> window;
      default ->
          throw new UserError(
              fields.path("layer_types")
                  + ": "
                  + kind
                  + " is not supported; supported: full_attention, sliding_attention");
    };
  }

  // ---- what is refused ----

  /** Fields of these and of related families that would change the result, and their off value. */
  private static Map<String, Object> neutral() {
    Map<String, Object> neutral = new HashMap<>();
    neutral.put("hidden_act", "silu");
    neutral.put("partial_rotary_factor", 1);
    for (String factor :
        List.of(
            "embedding_multiplier",
            "residual_multiplier",
            "logits_scaling",
            "logit_scale",
            "mup_multiplier")) {
      neutral.put(factor, 1);
    }
    for (String key :
        List.of(
            "alibi",
            "add_cross_attention",
            "attention_chunk_size",
            "attention_multiplier",
            "attn_logit_softcapping",
            "clip_qkv",
            "final_logit_softcapping",
            "is_encoder_decoder",
            "no_rope_layers",
            "num_experts",
            "num_local_experts",
            "quantization_config",
            "query_pre_attn_scalar",
            "use_qk_norm")) {
      neutral.put(key, "absent");
    }
    return neutral;
  }
}
