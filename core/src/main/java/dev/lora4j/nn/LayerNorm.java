package dev.lora4j.nn;

import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation, {@code (x − mean) / √(variance + ε) · weight + bias} over the last
 * dimensions (Ba et al. 2016, <a href="https://arxiv.org/abs/1607.06450">arXiv:1607.06450</a>, eq.
 * 3–4): PyTorch's {@code nn.LayerNorm}.
 */
public final class LayerNorm extends Module {
  /** PyTorch's ε. */
  public static final double DEFAULT_EPSILON = 1e-5;

  private final long[] normalizedShape;
  private final double epsilon;
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;

  /** Creates a norm over the last dimensions, of this shape, with scale and shift. */
  public LayerNorm(long... normalizedShape) {
    this(DEFAULT_EPSILON, true, true, normalizedShape);
  }

  private LayerNorm(double epsilon, boolean withWeight, boolean withBias, long... normalizedShape) {
    for (long size : normalizedShape) {
      Checks.positive("normalized_shape", size);
    }
    this.normalizedShape = normalizedShape.clone();
    this.epsilon = epsilon;
    weight = withWeight ? parameter("weight", Ops.ones(normalizedShape)) : null;
    bias = withBias ? parameter("bias", Ops.zeros(normalizedShape)) : null;
  }

  /** Returns the same with another ε. */
  public static LayerNorm withEpsilon(double epsilon, long... normalizedShape) {
    return new LayerNorm(epsilon, true, true, normalizedShape);
  }

  /** Returns a norm with scale, but no shift. */
  public static LayerNorm withoutBias(long... normalizedShape) {
    return new LayerNorm(DEFAULT_EPSILON, true, false, normalizedShape);
  }

  /** Returns a norm with this ε and scale, but no shift. */
  public static LayerNorm scaleOnly(double epsilon, long... normalizedShape) {
    return new LayerNorm(epsilon, true, false, normalizedShape);
  }

  /** Returns a norm without scale and shift. */
  public static LayerNorm withoutAffine(long... normalizedShape) {
    return new LayerNorm(DEFAULT_EPSILON, false, false, normalizedShape);
  }

  /** The factor of each feature, if it has one. */
  public Optional<Parameter> scale() {
    return Optional.ofNullable(weight);
  }

  /**
   * @param input {@code [batch…, normalized_shape…]}
   * @return the same shape
   */
  @Override
  public Tensor forward(Tensor input) {
    return torch.layer_norm(
        input,
        normalizedShape,
        Ops.optional(weight == null ? null : weight.tensor()),
        Ops.optional(bias == null ? null : bias.tensor()),
        epsilon,
        false);
  }
}
