package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention and feed-forward, each added to the residual stream:
 *
 * <pre>
 * y = x + m · norm(attention(norm(x)))
 * z = y + m · norm(feedForward(norm(y)))
 * </pre>
 *
 * <p>with the norms that the {@link NormPlacement} asks for.
 */
public final class TransformerLayer extends DecoderBlock {
  private final double residualMultiplier;
  private final SelfAttention attention;
  private final FeedForward feedForward;
  private final DecoderModules.Norms attentionNorms;
  private final DecoderModules.Norms feedForwardNorms;
  private final Optional<Slot> attentionDropout;
  private final Optional<Slot> feedForwardDropout;

  /**
   * The differences between layers of different families.
   *
   * @param residualMultiplier factor of each branch before it is added
   * @param residualDropout probability of dropping an element of a branch in training
   */
  public record Config(
      int hiddenSize,
      NormConfig norm,
      NormPlacement placement,
      double residualMultiplier,
      double residualDropout) {

    /** A layer that adds its branches as they are. */
    public static Config of(int hiddenSize, NormConfig norm, NormPlacement placement) {
      return new Config(hiddenSize, norm, placement, 1, 0);
    }
  }

  public TransformerLayer(SelfAttention attention, FeedForward feedForward, Config c) {
    this.attention = attention;
    this.feedForward = feedForward;
    residualMultiplier = c.residualMultiplier();
    child("self_attn", attention);
    child("mlp", feedForward);
    switch (c.placement()) {
      case BEFORE -> {
        attentionNorms = before(norm("input_layernorm", c));
        feedForwardNorms = before(norm("post_attention_layernorm", c));
      }
      case AFTER -> {
        attentionNorms = after(norm("post_attention_layernorm", c));
        feedForwardNorms = after(norm("post_feedforward_layernorm", c));
      }
      default -> {
        attentionNorms = around(norm("input_layernorm", c), norm("post_attention_layernorm", c));
        feedForwardNorms =
            around(norm("pre_feedforward_layernorm", c), norm("post_feedforward_layernorm", c));
      }
    }
    attentionDropout = dropout("resid_attn_dropout", c);
    feedForwardDropout = dropout("resid_mlp_dropout", c);
  }

  private Slot norm(String name, Config c) {
    return child(name, c.norm().create(c.hiddenSize()));
  }

  private Optional<Slot> dropout(String name, Config c) {
    return c.residualDropout() > 0
        ? Optional.of(child(name, new Dropout(c.residualDropout())))
        : Optional.empty();
  }

  private static DecoderModules.Norms before(Slot norm) {
    return new DecoderModules.Norms(Optional.of(norm), Optional.empty());
  }

  private static DecoderModules.Norms after(Slot norm) {
    return new DecoderModules.Norms(Optional.empty(), Optional.of(norm));
  }

  private static DecoderModules.Norms around(Slot before, Slot after) {
    return new DecoderModules.Norms(Optional.of(before), Optional.of(after));
  }

  /**
   * Computes the part after the attention at the {@code selected} positions only: [n, H].
   *
   * @param x {@code [B, T, H]}
   */
  Tensor forward(Tensor x, ForwardPass pass, UnaryOperator<Tensor> selected) {
    Tensor attended = attention.forward(apply(attentionNorms.before(), x), pass);
    Tensor output = attention.output().forward(selected.apply(attended));
    Tensor y = added(selected.apply(x), output, attentionNorms, attentionDropout);
    Tensor z = feedForward.forward(apply(feedForwardNorms.before(), y));
    return added(y, z, feedForwardNorms, feedForwardDropout);
  }

  private Tensor added(
      Tensor stream, Tensor branch, DecoderModules.Norms norms, Optional<Slot> dropout) {
    return Ops.addScaled(stream, apply(dropout, apply(norms.after(), branch)), residualMultiplier);
  }

  private static Tensor apply(Optional<Slot> module, Tensor x) {
    return module.map(found -> found.forward(x)).orElse(x);
  }

  SelfAttention attention() {
    return attention;
  }

  double residualMultiplier() {
    return residualMultiplier;
  }

  DecoderModules.Layer modules() {
    return new DecoderModules.Layer(
        attentionNorms, attention.modules(), feedForwardNorms, feedForward.modules());
  }
}
