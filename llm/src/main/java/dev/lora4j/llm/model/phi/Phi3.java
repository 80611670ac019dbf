package dev.lora4j.llm.model.phi;

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
 * Phi-3 (Abdin et al. 2024, arXiv:2404.14219, §2): pre-norm layers of grouped-query attention and
 * SwiGLU, with fused projections, rotations of a part of each head, and LongRoPE for long texts.
 */
public final class Phi3 extends TransformerModel {

  public Phi3(Phi3Config config) {
    super(config.sizes(), transformer(config));
  }

  private static Transformer transformer(Phi3Config config) {
    TransformerConfig c = config.sizes();
    Rope rope = new Rope(RopeConfig.of(c.ropeTheta(), config.rotatedDim(), c.ropeScaling()));
    NormConfig norm = NormConfig.plain(c.normEpsilon());
    AttentionConfig attention =
        new AttentionConfig(
            c.hiddenSize(),
            c.heads(),
            c.groups(),
            c.headDim(),
            false,
            false,
            true,
            QueryKeyNorm.NONE,
            norm);
    TransformerLayer.Config layer =
        new TransformerLayer.Config(
            c.hiddenSize(), norm, NormPlacement.BEFORE, 1, config.residualDropout());
    return new Transformer(
        c,
        1,
        norm,
        number ->
            new TransformerLayer(
                new SelfAttention(
                    number,
                    attention,
                    Optional.of(rope),
                    AttentionRule.within(c.windows().get(number), c.attentionDropout())),
                GatedFeedForward.fused(c.hiddenSize(), c.intermediateSize(), GatedActivation.SILU),
                layer));
  }
}
