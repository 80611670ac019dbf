package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.transformer.TransformerConfig;
import java.util.List;

/**
 * SmolLM3: a Llama in which some layers have no rotary positions (NoPE; Yang et al. 2025,
 * arXiv:2501.18795, §4).
 */
public final class SmolLm3 extends Llama {

  /**
   * @param rotated whether each layer has rotary positions
   */
  public SmolLm3(TransformerConfig config, List<Boolean> rotated) {
    super(config, Differences.none(config).rotating(rotated::get));
  }
}
