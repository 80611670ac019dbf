package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.ConfigSizes.Dimension;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.llama.LlamaConfig.Biases;
import dev.lora4j.lora.format.GgufArchitecture;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/** Llama 2 and 3, SmolLM2, TinyLlama; subclasses for related families override the differences. */
public class LlamaFamily implements ModelFamily, GgufNames {
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

  public LlamaFamily() {
    this("llama", "LlamaForCausalLM");
  }

  LlamaFamily(String modelType, String architecture) {
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
  public LanguageModel create(JsonDocument fields) {
    return new Llama(config(fields));
  }

  @Override
  public final ConfigSizes sizes() {
    return SIZES;
  }

  @Override
  public final String prefix() {
    return "model.";
  }

  @Override
  public final Pattern ignoredTensors() {
    return FREQUENCIES;
  }

  @Override
  public final Optional<GgufNames> gguf() {
    return Optional.of(this);
  }

  @Override
  public final GgufArchitecture layers(int heads, int groups) {
    GgufArchitecture llama = GgufArchitecture.llama(heads, groups);
    return new GgufArchitecture(
        ggufArchitecture(), llama.layers(), interleavesHeads() ? llama.rotated() : Map.of());
  }

  @Override
  public final Map<String, String> otherModules() {
    return MODULES;
  }

  /** Reads the fields of a {@code config.json}, old or new. */
  public final LlamaConfig config(JsonDocument fields) {
    fields.refuseUnless(unsupportedFields());
    JsonDocument rope = RopeScaling.fields(fields);
    rope.refuseUnless(Map.of("partial_rotary_factor", 1));
    int heads = fields.size("num_attention_heads");
    int hidden = fields.size("hidden_size");
    int layers = fields.size("num_hidden_layers");
    return new LlamaConfig(
        modelType(),
        fields.size("vocab_size"),
        hidden,
        fields.size("intermediate_size"),
        layers,
        heads,
        fields.size("num_key_value_heads", defaultGroups(heads)),
        fields.size("head_dim", defaultHeadDim(hidden, heads)),
        fields.size("max_position_embeddings", DEFAULT_POSITIONS),
        fields.positive("rms_norm_eps", 1e-6),
        rope.positive("rope_theta", fields.positive("rope_theta", 10_000)),
        RopeScaling.read(rope),
        windows(fields, layers),
        normalisesQueriesAndKeys(),
        biases(fields),
        fields.flag("tie_word_embeddings", false),
        fields.number("attention_dropout", 0));
  }

  // ---- overridden by relatives ----

  @Override
  public String ggufArchitecture() {
    return "llama";
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {
    config.put("attention_bias", tensors.contains("blk.0.attn_q.bias"));
    config.put("mlp_bias", tensors.contains("blk.0.ffn_gate.bias"));
  }

  /** Returns whether GGUF interleaves the rows of query and key heads, for GGML's first RoPE. */
  boolean interleavesHeads() {
    return true;
  }

  /** Number of key/value heads where {@code num_key_value_heads} is absent. */
  int defaultGroups(int heads) {
    return heads;
  }

  /** Size of a head where {@code head_dim} is absent. */
  int defaultHeadDim(int hidden, int heads) {
    return hidden / heads;
  }

  List<OptionalLong> windows(JsonDocument fields, int layers) {
    return Collections.nCopies(layers, OptionalLong.empty());
  }

  boolean normalisesQueriesAndKeys() {
    return false;
  }

  Biases biases(JsonDocument fields) {
    boolean attention = fields.flag("attention_bias", false);
    return new Biases(attention, attention, fields.flag("mlp_bias", false));
  }

  /** Fields of other families that would change the result, and the value that turns them off. */
  Map<String, Object> unsupportedFields() {
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
            "use_qk_norm")
        .forEach(key -> off.put(key, "absent"));
    return off;
  }

  /** {@code sliding_window}; transformers' default where the field is absent, empty for null. */
  static OptionalLong slidingWindow(JsonDocument fields) {
    boolean isNull = fields.isPresent("sliding_window") && !fields.has("sliding_window");
    return isNull ? OptionalLong.empty() : OptionalLong.of(fields.size("sliding_window", 4096));
  }
}
