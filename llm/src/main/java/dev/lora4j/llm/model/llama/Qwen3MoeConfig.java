package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.ConfigWithActivations;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerActivations;
import dev.lora4j.llm.model.transformer.ExpertsConfig;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import java.util.Set;

/**
 * The sizes and architecture options of a {@link Qwen3Moe} model.
 *
 * @param llama those that it shares with a Qwen3
 * @param sparseStep every which layer has experts
 * @param denseLayers layers that have none nevertheless
 */
public record Qwen3MoeConfig(
    TransformerConfig llama, ExpertsConfig experts, int sparseStep, Set<Long> denseLayers) {

  public Qwen3MoeConfig {
    denseLayers = Set.copyOf(denseLayers);
  }

  /** The sizes, with what a token's experts keep: both inner values and the input of each. */
  LanguageModelConfig forModel() {
    LayerActivations dense = llama.activations();
    long ofExperts =
        (long) experts.perToken() * (2L * experts.intermediateSize() + llama.hiddenSize());
    long kept = dense.kept() - 2L * llama.intermediateSize() + ofExperts;
    return new ConfigWithActivations(
        llama, new LayerActivations(kept, dense.passing(), dense.keptOfPairs()));
  }

  /** Returns whether a layer has experts. */
  boolean isSparse(int layer) {
    return (layer + 1) % sparseStep == 0 && !denseLayers.contains((long) layer);
  }
}
