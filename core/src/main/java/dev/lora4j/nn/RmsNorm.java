package dev.lora4j.nn;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * {@code x / √(mean(x²) + ε) · weight} over the last dimension (Zhang and Sennrich 2019, <a
 * href="https://arxiv.org/abs/1910.07467">arXiv:1910.07467</a>, eq. 4): PyTorch's {@code
 * nn.RMSNorm}.
 */
public final class RmsNorm extends Module {
  private final long[] normalizedShape;
  private final DoubleOptional epsilon;
  private final Parameter weight;

  /** With PyTorch's ε, the smallest step of a float above 1. */
  public RmsNorm(long dim) {
    this(dim, Math.ulp(1f));
  }

  /** Normalises over the last dimension, of this size. */
  public RmsNorm(long dim, double epsilon) {
    normalizedShape = new long[] {Checks.positive("normalized_shape", dim)};
    this.epsilon = new DoubleOptional(epsilon);
    this.epsilon.retainReference();
    weight = parameter("weight", Ops.ones(dim));
  }

  /**
   * @param input {@code [batch…, dim]}
   * @return the same shape
   */
  @Override
  public Tensor forward(Tensor input) {
    return torch.rms_norm(input, normalizedShape, Ops.optional(weight.tensor()), epsilon);
  }
}
