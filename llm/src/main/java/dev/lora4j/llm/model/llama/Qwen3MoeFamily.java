package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.transformer.ExpertsConfig;
import dev.lora4j.nn.kernel.GatedActivation;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** Qwen3-MoE: a Qwen3 with a router and experts in some layers. */
public final class Qwen3MoeFamily extends Qwen3Family {
  private static final String EXPERTS = "num_experts";
  private static final String PER_TOKEN = "num_experts_per_tok";
  private static final String SIZE = "moe_intermediate_size";
  private static final String NORMALIZED = "norm_topk_prob";
  private static final String COUNT_IN_GGUF = "expert_count";
  private static final String USED_IN_GGUF = "expert_used_count";
  private static final String SIZE_IN_GGUF = "expert_feed_forward_length";
  private static final String FORMER_EXPERTS = "num_local_experts";

  public Qwen3MoeFamily() {
    super("qwen3_moe", "Qwen3MoeForCausalLM");
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Qwen3Moe(moeConfig(fields));
  }

  Qwen3MoeConfig moeConfig(JsonDocument fields) {
    int hidden = fields.size("hidden_size");
    return new Qwen3MoeConfig(
        config(fields),
        new ExpertsConfig(
            fields.size(EXPERTS, fields.size(FORMER_EXPERTS, 128)),
            fields.size(PER_TOKEN, 8),
            hidden,
            fields.size(SIZE, 768),
            fields.flag(NORMALIZED, false),
            GatedActivation.SILU),
        fields.size("decoder_sparse_step", 1),
        Set.copyOf(fields.integers("mlp_only_layers")));
  }

  @Override
  protected Map<String, Object> unsupportedFields() {
    Map<String, Object> off = super.unsupportedFields();
    off.keySet().removeAll(List.of(EXPERTS, FORMER_EXPERTS));
    return off;
  }

  @Override
  protected int defaultGroups(int heads) {
    return 4;
  }

  @Override
  protected List<OptionalLong> windows(JsonDocument fields, int layers) {
    OptionalLong window =
        fields.flag("use_sliding_window", false)
            ? slidingWindow(fields, 4096)
            : OptionalLong.empty();
    return Collections.nCopies(layers, window);
  }

  @Override
  public List<String> defaultTargets() {
    return List.of("q_proj", "v_proj");
  }

  @Override
  public boolean stacksExperts() {
    return true;
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return "qwen3moe";
  }

  @Override
  public boolean hasExperts() {
    return true;
  }

  @Override
  public Map<String, String> otherModules() {
    Map<String, String> modules = new HashMap<>(super.otherModules());
    modules.put("model.layers.#.mlp.gate", "blk.#.ffn_gate_inp");
    modules.put("model.layers.#.mlp.experts.gate_proj", "blk.#.ffn_gate_exps");
    modules.put("model.layers.#.mlp.experts.up_proj", "blk.#.ffn_up_exps");
    modules.put("model.layers.#.mlp.experts.down_proj", "blk.#.ffn_down_exps");
    return modules;
  }

  /** llama.cpp's layers all have experts, whose weights sum to 1. */
  @Override
  public void requireWritable(JsonDocument fields) {
    Qwen3MoeConfig config = moeConfig(fields);
    for (int layer = 0; layer < config.llama().layers(); layer++) {
      if (!config.isSparse(layer)) {
        throw new UserError(
            "%s: layer %d has no experts; llama.cpp's qwen3moe can't be written as GGUF without them"
                .formatted(fields.file(), layer));
      }
    }
    if (!config.experts().normalised()) {
      throw new UserError(
          fields.path(NORMALIZED)
              + " = false can't be written as GGUF: llama.cpp's qwen3moe normalises");
    }
  }

  @Override
  public void describe(JsonDocument fields, Sink metadata) {
    super.describe(fields, metadata);
    ExpertsConfig experts = moeConfig(fields).experts();
    metadata.put(COUNT_IN_GGUF, experts.experts());
    metadata.put(USED_IN_GGUF, experts.perToken());
    metadata.put(SIZE_IN_GGUF, experts.intermediateSize());
  }

  @Override
  public void addFields(Source metadata, ObjectNode config) {
    super.addFields(metadata, config);
    Map.of(EXPERTS, COUNT_IN_GGUF, PER_TOKEN, USED_IN_GGUF, SIZE, SIZE_IN_GGUF)
        .forEach(
            (key, inGguf) ->
                metadata
                    .number(inGguf)
                    .ifPresent(number -> config.put(key, Math.toIntExact(Math.round(number)))));
    config.put(NORMALIZED, true);
    config.put("decoder_sparse_step", 1);
    config.putArray("mlp_only_layers");
  }
}
