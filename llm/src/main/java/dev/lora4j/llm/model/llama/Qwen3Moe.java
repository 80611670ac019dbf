package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.transformer.FeedForward;
import dev.lora4j.llm.model.transformer.SparseExperts;

/** Qwen3-MoE (Yang et al. 2025, arXiv:2505.09388, §2): a Qwen3 with sparse mixtures of experts. */
public final class Qwen3Moe extends Llama {

  public Qwen3Moe(Qwen3MoeConfig config) {
    super(
        config.forModel(),
        config.llama(),
        Differences.none(config.llama()).feedForward(layer -> feedForward(config, layer)));
  }

  private static FeedForward feedForward(Qwen3MoeConfig config, int layer) {
    return config.isSparse(layer) ? new SparseExperts(config.experts()) : swiglu(config.llama());
  }
}
