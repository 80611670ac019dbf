package dev.lora4j.llm.model.gemma;

import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.Rope;
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
import java.util.OptionalLong;

/**
 * Gemma 2 (Gemma Team 2024, arXiv:2408.00118, §2) and Gemma 3 (2025, arXiv:2503.19786, §2).
 *
 * <p>Embeddings are multiplied by √H. Each branch, attention or GeGLU, is between two RMSNorms with
 * the factor {@code 1 + weight}. Most layers have a sliding window. Gemma 2 caps attention scores
 * and logits softly; Gemma 3 normalises queries and keys, and rotates the layers with a window by
 * other frequencies.
 */
public final class Gemma extends TransformerModel {
  private final LogitTransform logitTransform;

  public Gemma(GemmaConfig config) {
    super(config.forModel(), transformer(config));
    logitTransform =
        config
            .logitCap()
            .map(cap -> LogitTransform.softCap(cap.cap()))
            .orElse(LogitTransform.identity());
  }

  private static Transformer transformer(GemmaConfig config) {
    TransformerConfig c = config.sizes();
    NormConfig norm = new NormConfig(c.normEpsilon(), true);
    Rope full = new Rope(config.fullRope().withScoreScale(config.scoreScale(), c.headDim()));
    Rope sliding = new Rope(config.slidingRope().withScoreScale(config.scoreScale(), c.headDim()));
    AttentionConfig attention = attention(c, norm);
    TransformerLayer.Config layer =
        TransformerLayer.Config.of(c.hiddenSize(), norm, NormPlacement.AROUND);
    return new Transformer(
        c,
        (float) Math.sqrt(c.hiddenSize()),
        norm,
        number -> {
          OptionalLong window = c.windows().get(number);
          AttentionRule rule = new AttentionRule(window, config.scoreCap(), c.attentionDropout());
          return new TransformerLayer(
              new SelfAttention(
                  number, attention, Optional.of(window.isPresent() ? sliding : full), rule),
              GatedFeedForward.of(
                  c.hiddenSize(), c.intermediateSize(), false, GatedActivation.GELU_TANH),
              layer);
        });
  }

  private static AttentionConfig attention(TransformerConfig c, NormConfig norm) {
    return new AttentionConfig(
        c.hiddenSize(),
        c.heads(),
        c.groups(),
        c.headDim(),
        c.biases().queryKeyValue(),
        c.biases().output(),
        false,
        c.queryKeyNorm() ? QueryKeyNorm.EACH_HEAD : QueryKeyNorm.NONE,
        norm);
  }

  @Override
  public LogitTransform logitTransform() {
    return logitTransform;
  }
}
