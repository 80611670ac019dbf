package dev.lora4j.llm.model.olmo;

import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.RopeConfig;
import dev.lora4j.llm.model.transformer.AttentionConfig;
import dev.lora4j.llm.model.transformer.GatedFeedForward;
import dev.lora4j.llm.model.transformer.NormConfig;
import dev.lora4j.llm.model.transformer.NormPlacement;
import dev.lora4j.llm.model.transformer.QueryKeyNorm;
import dev.lora4j.llm.model.transformer.SelfAttention;
import dev.lora4j.llm.model.transformer.Transformer;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.llm.model.transformer.TransformerLayer;
import dev.lora4j.llm.model.transformer.TransformerModel;
import dev.lora4j.nn.kernel.GatedActivation;
import java.util.Optional;

/**
 * OLMo 2 (Team OLMo 2024, arXiv:2501.00656, §2): attention and SwiGLU, each normalised after it
 * instead of before; queries and keys are normalised over all heads together.
 */
public final class Olmo2 extends TransformerModel {

  public Olmo2(TransformerConfig config) {
    super(config, transformer(config));
  }

  private static Transformer transformer(TransformerConfig c) {
    Rope rope = new Rope(RopeConfig.of(c.ropeTheta(), c.headDim(), c.ropeScaling()));
    NormConfig norm = NormConfig.plain(c.normEpsilon());
    AttentionConfig attention =
        new AttentionConfig(
            c.hiddenSize(),
            c.heads(),
            c.groups(),
            c.headDim(),
            c.biases().queryKeyValue(),
            c.biases().output(),
            false,
            QueryKeyNorm.ALL_HEADS,
            norm);
    TransformerLayer.Config layer =
        TransformerLayer.Config.of(c.hiddenSize(), norm, NormPlacement.AFTER);
    return new Transformer(
        c,
        1,
        norm,
        number ->
            new TransformerLayer(
                new SelfAttention(
                    number, attention, Optional.of(rope), AttentionRule.full(c.attentionDropout())),
                GatedFeedForward.of(
                    c.hiddenSize(), c.intermediateSize(), false, GatedActivation.SILU),
                layer));
  }
}
