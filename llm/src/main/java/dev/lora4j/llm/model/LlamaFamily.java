package dev.lora4j.llm.model;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LlamaConfig.Biases;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Llama 2 and 3, SmolLM2, TinyLlama; relatives override what differs in their config. */
public class LlamaFamily implements ModelFamily {
  private static final Pattern FREQUENCIES = Pattern.compile(".*\\.rotary_emb\\.inv_freq");
  private static final int DEFAULT_POSITIONS = 2048;

  @Override
  public String modelType() {
    return "llama";
  }

  @Override
  public String architecture() {
    return "LlamaForCausalLM";
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Llama(config(fields));
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
  public Optional<GgufNames> gguf() {
    return Optional.of(new LlamaGgufNames("llama", true, Map.of()));
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
        fields.number("rms_norm_eps", 1e-6),
        rope.number("rope_theta", fields.number("rope_theta", 10_000)),
        RopeScaling.read(rope),
        windows(fields, layers),
        normalisesQueriesAndKeys(),
        biases(fields),
        fields.flag("tie_word_embeddings", false),
        fields.number("attention_dropout", 0));
  }

  // ---- what relatives override ----

  /** Number of key/value heads where {@code num_key_value_heads} is absent. */
  int defaultGroups(int heads) {
    return heads;
  }

  /** Size of a head where {@code head_dim} is absent. */
  int defaultHeadDim(int hidden, int heads) {
    return hidden / heads;
  }

  /** The sliding window of each layer. */
  List<OptionalLong> windows(JsonDocument fields, int layers) {
    return Collections.nCopies(layers, OptionalLong.empty());
  }

  /** Whether each query and key head is normalised. */
  boolean normalisesQueriesAndKeys() {
    return false;
  }

  /** Which linear layers have a bias. */
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
