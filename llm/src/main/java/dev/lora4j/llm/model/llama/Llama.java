package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.RopeConfig;
import dev.lora4j.llm.model.transformer.AttentionConfig;
import dev.lora4j.llm.model.transformer.FeedForward;
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
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/**
 * Llama (Touvron et al. 2023, arXiv:2302.13971, §2) and its relatives: Llama 2 and 3, SmolLM2,
 * TinyLlama, Mistral with its sliding window (arXiv:2310.06825), Qwen2 with biases, Qwen3 with
 * normalised queries and keys. A layer is grouped-query attention with rotary positions and a
 * SwiGLU feed-forward, each after an RMSNorm.
 */
public class Llama extends TransformerModel {

  public Llama(TransformerConfig config) {
    this(config, Differences.none(config));
  }

  Llama(TransformerConfig config, Differences differences) {
    this(config, config, differences);
  }

  /** A relative with another view of the config. */
  Llama(LanguageModelConfig view, TransformerConfig config, Differences differences) {
    super(view, transformer(config, differences));
  }

  /**
   * The settings of a Llama's relatives beyond its config.
   *
   * @param embeddingMultiplier factor of the embeddings
   * @param residualMultiplier factor of each branch before it is added to the residual stream
   * @param rotates whether a layer, by its number, has rotary positions
   * @param feedForward makes the feed-forward of a layer, by its number
   */
  record Differences(
      double embeddingMultiplier,
      RopeConfig rope,
      double residualMultiplier,
      IntPredicate rotates,
      IntFunction<FeedForward> feedForward) {

    static Differences none(TransformerConfig c) {
      return new Differences(1, rope(c), 1, layer -> true, layer -> swiglu(c));
    }

    static RopeConfig rope(TransformerConfig c) {
      return RopeConfig.of(c.ropeTheta(), c.headDim(), c.ropeScaling());
    }

    Differences multipliers(double ofEmbedding, double ofScores, double ofBranches, int headDim) {
      return new Differences(
          ofEmbedding, rope.withScoreScale(ofScores, headDim), ofBranches, rotates, feedForward);
    }

    Differences rope(RopeConfig other) {
      return new Differences(embeddingMultiplier, other, residualMultiplier, rotates, feedForward);
    }

    Differences rotating(IntPredicate layers) {
      return new Differences(embeddingMultiplier, rope, residualMultiplier, layers, feedForward);
    }

    Differences feedForward(IntFunction<FeedForward> other) {
      return new Differences(embeddingMultiplier, rope, residualMultiplier, rotates, other);
    }
  }

  private static Transformer transformer(TransformerConfig c, Differences differences) {
    Rope rope = new Rope(differences.rope());
    NormConfig norm = NormConfig.plain(c.normEpsilon());
    TransformerLayer.Config layer =
        new TransformerLayer.Config(
            c.hiddenSize(), norm, NormPlacement.BEFORE, differences.residualMultiplier(), 0);
    return new Transformer(
        c,
        differences.embeddingMultiplier(),
        norm,
        number ->
            new TransformerLayer(
                new SelfAttention(
                    number,
                    attention(c, norm),
                    differences.rotates().test(number) ? Optional.of(rope) : Optional.empty(),
                    AttentionRule.within(c.windows().get(number), c.attentionDropout())),
                differences.feedForward().apply(number),
                layer));
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

  static FeedForward swiglu(TransformerConfig c) {
    return GatedFeedForward.of(
        c.hiddenSize(), c.intermediateSize(), c.biases().feedForward(), GatedActivation.SILU);
  }
}
