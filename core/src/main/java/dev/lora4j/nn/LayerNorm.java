package dev.lora4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * {@code (x − mean) / √(variance + ε) · weight + bias} over the last dimensions (Ba et al. 2016, <a
 * href="https://arxiv.org/abs/1607.06450">arXiv:1607.06450</a>, eq. 3–4): PyTorch's {@code
 * nn.LayerNorm}.
 */
public final class LayerNorm extends Module {
  /** PyTorch's ε. */
  public static final double DEFAULT_EPSILON = 1e-5;

  private final long[] normalizedShape;
  private final double epsilon;
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;

  /** Normalises over the last dimensions, which have this shape, then scales and shifts. */
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

  /** The same with another ε. */
  public static LayerNorm withEpsilon(double epsilon, long... normalizedShape) {
    return new LayerNorm(epsilon, true, true, normalizedShape);
  }

  /** Scales, but does not shift. */
  public static LayerNorm withoutBias(long... normalizedShape) {
    return new LayerNorm(DEFAULT_EPSILON, true, false, normalizedShape);
  }

  /** Without weight and bias. */
  public static LayerNorm withoutAffine(long... normalizedShape) {
    return new LayerNorm(DEFAULT_EPSILON, false, false, normalizedShape);
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
