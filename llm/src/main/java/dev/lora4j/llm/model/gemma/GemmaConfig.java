package dev.lora4j.llm.model.gemma;

import dev.lora4j.llm.model.ConfigWithActivations;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerActivations;
import dev.lora4j.llm.model.RopeConfig;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.nn.kernel.SoftCap;
import java.util.Optional;

/**
 * The sizes and architecture options of a {@link Gemma} model.
 *
 * @param sizes those of all transformers
 * @param fullRope rotary positions of the layers without a window
 * @param slidingRope rotary positions of the layers with one
 * @param scoreScale factor of the attention scores
 * @param scoreCap soft cap of the attention scores (Gemma 2)
 * @param logitCap soft cap of the logits (Gemma 2)
 */
public record GemmaConfig(
    TransformerConfig sizes,
    RopeConfig fullRope,
    RopeConfig slidingRope,
    double scoreScale,
    Optional<SoftCap> scoreCap,
    Optional<SoftCap> logitCap) {

  /** The sizes, with what the norms after the branches keep. */
  LanguageModelConfig forModel() {
    LayerActivations plain = sizes.activations();
    long kept = plain.kept() + 2L * sizes.hiddenSize();
    return new ConfigWithActivations(
        sizes, new LayerActivations(kept, plain.passing(), plain.keptOfPairs()));
  }
}
