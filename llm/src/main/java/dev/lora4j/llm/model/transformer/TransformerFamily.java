package dev.lora4j.llm.model.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.ConfigSizes.Dimension;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.model.LayerCount;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import dev.lora4j.lora.format.GgufArchitecture;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A family of {@linkplain TransformerModel transformers}. It reads a {@code config.json} with the
 * keys and names of a Llama; subclasses override the differences.
 */
public abstract class TransformerFamily implements ModelFamily, GgufNames {
  private static final Pattern FREQUENCIES = Pattern.compile(".*\\.rotary_emb\\.inv_freq");
  private static final int DEFAULT_POSITIONS = 2048;
  private static final Map<String, String> MODULES =
      Map.of(
          "model.embed_tokens", "token_embd",
          "model.norm", "output_norm",
          "lm_head", "output",
          "model.layers.#.input_layernorm", "blk.#.attn_norm",
          "model.layers.#.post_attention_layernorm", "blk.#.ffn_norm",
          "model.layers.#.self_attn.q_norm", "blk.#.attn_q_norm",
          "model.layers.#.self_attn.k_norm", "blk.#.attn_k_norm");

  private static final ConfigSizes SIZES =
      new ConfigSizes(
          "num_hidden_layers",
          "model.layers.",
          List.of(
              new Dimension("model.embed_tokens.weight", 0, "vocab_size"),
              new Dimension("model.embed_tokens.weight", 1, "hidden_size"),
              new Dimension("model.layers.0.mlp.gate_proj.weight", 0, "intermediate_size"),
              new Dimension(
                  "model.layers.0.self_attn.q_proj.weight", 0, "num_attention_heads", "head_dim"),
              new Dimension(
                  "model.layers.0.self_attn.k_proj.weight", 0, "num_key_value_heads", "head_dim")));

  private final String modelType;
  private final String architecture;

  /**
   * @param modelType Hugging Face's {@code model_type}
   * @param architecture the name of the class in transformers
   */
  protected TransformerFamily(String modelType, String architecture) {
    this.modelType = modelType;
    this.architecture = architecture;
  }

  @Override
  public final String modelType() {
    return modelType;
  }

  @Override
  public final String architecture() {
    return architecture;
  }

  @Override
  public ConfigSizes sizes() {
    return SIZES;
  }

  @Override
  public String prefix() {
    return "model.";
  }

  @Override
  public Pattern ignoredTensors() {
    return FREQUENCIES;
  }

  // ---- GGUF ----

  @Override
  public Optional<GgufNames> gguf() {
    return Optional.of(this);
  }

  @Override
  public GgufArchitecture layers(int heads, int groups) {
    GgufArchitecture llama = GgufArchitecture.llama(heads, groups);
    return new GgufArchitecture(
        ggufArchitecture(), llama.layers(), interleavesHeads() ? llama.rotated() : Map.of());
  }

  @Override
  public Map<String, String> otherModules() {
    return MODULES;
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {
    config.put("attention_bias", tensors.contains("blk.0.attn_q.bias"));
    config.put("mlp_bias", tensors.contains("blk.0.ffn_gate.bias"));
  }

  /** Returns whether GGUF interleaves the rows of query and key heads, for GGML's first RoPE. */
  protected boolean interleavesHeads() {
    return false;
  }

  // ---- config.json ----

  /** Reads the fields of a {@code config.json}, old or new. */
  public final TransformerConfig config(JsonDocument given) {
    JsonDocument fields = complete(given);
    fields.refuseUnless(unsupportedFields());
    JsonDocument rope = ropeFields(fields);
    int heads = fields.size("num_attention_heads");
    int hidden = fields.size("hidden_size");
    int layers = LayerCount.of(fields, "num_hidden_layers");
    int headDim = fields.size("head_dim", defaultHeadDim(hidden, heads));
    int maxPositions = fields.size("max_position_embeddings", DEFAULT_POSITIONS);
    return new TransformerConfig(
        modelType(),
        fields.size("vocab_size"),
        hidden,
        fields.size("intermediate_size"),
        layers,
        heads,
        fields.size("num_key_value_heads", defaultGroups(heads)),
        headDim,
        maxPositions,
        fields.positive("rms_norm_eps", defaultEpsilon()),
        rope.positive("rope_theta", fields.positive("rope_theta", defaultTheta())),
        ropeScaling(fields, rope, headDim, maxPositions),
        windows(fields, layers),
        normalisesQueriesAndKeys(),
        biases(fields),
        fields.flag("tie_word_embeddings", tiesHeadByDefault()),
        fields.number("attention_dropout", 0));
  }

  /** Returns the fields with the {@link #defaults}. */
  protected final JsonDocument complete(JsonDocument fields) {
    return fields.withDefaults(defaults());
  }

  /** The values of further fields where they are absent; a null stays. */
  protected Map<String, Object> defaults() {
    return Map.of();
  }

  /** Number of key/value heads where {@code num_key_value_heads} is absent. */
  protected int defaultGroups(int heads) {
    return heads;
  }

  /** Size of a head where {@code head_dim} is absent. */
  protected int defaultHeadDim(int hidden, int heads) {
    return hidden / heads;
  }

  /** The norms' epsilon where {@code rms_norm_eps} is absent. */
  protected double defaultEpsilon() {
    return 1e-6;
  }

  /** Base of the rotary frequencies where {@code rope_theta} is absent. */
  protected double defaultTheta() {
    return 10_000;
  }

  /** Returns whether the head is tied where {@code tie_word_embeddings} is absent. */
  protected boolean tiesHeadByDefault() {
    return false;
  }

  /** The fields of the rotary position embeddings. */
  protected JsonDocument ropeFields(JsonDocument fields) {
    return RopeScaling.fields(fields);
  }

  /** Reads the scaling of the rotary frequencies. */
  protected RopeScaling ropeScaling(
      JsonDocument fields, JsonDocument rope, int headDim, int maxPositions) {
    rope.refuseUnless(Map.of("partial_rotary_factor", 1));
    return RopeScaling.read(rope, maxPositions);
  }

  /** The sliding window of each layer. */
  protected List<OptionalLong> windows(JsonDocument fields, int layers) {
    return Collections.nCopies(layers, OptionalLong.empty());
  }

  protected boolean normalisesQueriesAndKeys() {
    return false;
  }

  protected Biases biases(JsonDocument fields) {
    boolean attention = fields.flag("attention_bias", false);
    return new Biases(attention, attention, fields.flag("mlp_bias", false));
  }

  /** Fields of other families that would change the result, and the value that turns them off. */
  protected Map<String, Object> unsupportedFields() {
    Map<String, Object> off = new HashMap<>();
    off.put("hidden_act", "silu");
    List.of(
            "partial_rotary_factor",
            "embedding_multiplier",
            "residual_multiplier",
            "logits_scaling",
            "logit_scale",
            "mup_multiplier")
        .forEach(factor -> off.put(factor, 1));
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
            "use_bidirectional_attention",
            "use_qk_norm")
        .forEach(key -> off.put(key, "absent"));
    return off;
  }

  // ---- sliding windows ----

  /** {@code sliding_window}; a default where the field is absent, empty for null. */
  protected static OptionalLong slidingWindow(JsonDocument fields, int ifAbsent) {
    boolean isNull = fields.isPresent("sliding_window") && !fields.has("sliding_window");
    return isNull ? OptionalLong.empty() : OptionalLong.of(fields.size("sliding_window", ifAbsent));
  }

  /** The window of each of {@code layer_types}; an empty list if the field is absent. */
  protected static List<OptionalLong> windowsByType(JsonDocument fields, OptionalLong window) {
    return fields.texts("layer_types").stream()
        .map(kind -> windowOfType(fields, kind, window))
        .toList();
  }

  private static OptionalLong windowOfType(JsonDocument fields, String kind, OptionalLong window) {
    return switch (kind) {
      case "full_attention" -> OptionalLong.empty();
      case "sliding_attention" -> window;
      default ->
          throw new UserError(
              "%s: %s is not supported; supported: full_attention, sliding_attention"
                  .formatted(fields.path("layer_types"), kind));
    };
  }
}
