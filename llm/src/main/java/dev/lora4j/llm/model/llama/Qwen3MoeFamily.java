package dev.lora4j.llm.model.llama;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.transformer.ExpertsConfig;
import dev.lora4j.nn.kernel.GatedActivation;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Qwen3-MoE: a Qwen3 with a router and experts in some layers. */
public final class Qwen3MoeFamily extends Qwen3Family {
  private static final String EXPERTS = "num_experts";
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
            fields.size("num_experts_per_tok", 8),
            hidden,
            fields.size("moe_intermediate_size", 768),
            fields.flag("norm_topk_prob", false),
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

  /** Stacked experts are not converted. */
  @Override
  public Optional<GgufNames> gguf() {
    return Optional.empty();
  }
}
