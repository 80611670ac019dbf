package dev.lora4j.nn;

import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RmsNormKernel;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * RMS normalisation, {@code x / √(mean(x²) + ε) · weight} over the last dimension (Zhang and
 * Sennrich 2019, <a href="https://arxiv.org/abs/1910.07467">arXiv:1910.07467</a>, eq. 4): PyTorch's
 * {@code nn.RMSNorm}.
 *
 * <p>{@link #aroundOne} multiplies by {@code 1 + weight} instead, as Gemma does.
 *
 * <p>With a gradient, in float32, it divides by the norm of each row, whose backward takes a
 * quarter of the time of libtorch's own composition; in an {@link AutogradContext} the backward is
 * written out and takes half of that.
 */
public final class RmsNorm extends Module {
  private final long[] normalizedShape;
  private final DoubleOptional epsilon;
  private final Scalar epsilonAsScalar;
  private final double epsilonValue;
  private final Scalar overDim;
  private final @Nullable Parameter weight;
  private final boolean aroundOne; // whether the factor is 1 + weight

  /** Creates a norm with PyTorch's ε, the smallest step of a float above 1. */
  public RmsNorm(long dim) {
    this(dim, Math.ulp(1f));
  }

  /** Creates a norm over the last dimension, of this size. */
  public RmsNorm(long dim, double epsilon) {
    this(dim, epsilon, Optional.of(Ops.ones(dim)), false);
  }

  private RmsNorm(long dim, double epsilon, Optional<Tensor> weight, boolean aroundOne) {
    normalizedShape = new long[] {Checks.positive("normalized_shape", dim)};
    this.epsilon = new DoubleOptional(epsilon);
    this.epsilon.retainReference();
    epsilonAsScalar = Ops.keepScalar(epsilon);
    epsilonValue = epsilon;
    overDim = Ops.keepScalar(1.0 / dim);
    this.weight = weight.map(initial -> parameter("weight", initial)).orElse(null);
    this.aroundOne = aroundOne;
  }

  public static RmsNorm withoutAffine(long dim, double epsilon) {
    return new RmsNorm(dim, epsilon, Optional.empty(), false);
  }

  /** Creates a norm that multiplies by {@code 1 + weight}; the weight starts at zero. */
  public static RmsNorm aroundOne(long dim, double epsilon) {
    return new RmsNorm(dim, epsilon, Optional.of(Ops.zeros(dim)), true);
  }

  /**
   * @param input {@code [batch…, dim]}
   * @return the same shape
   */
  @Override
  public Tensor forward(Tensor input) {
    if (aroundOne && input.scalar_type().intern() != ScalarType.Float) {
      return forward(input.to(ScalarType.Float)).to(input.scalar_type());
    }
    @Nullable Tensor scale = factor();
    boolean learns = GradMode.is_enabled() && input.requires_grad();
    if (!learns || input.scalar_type().intern() != ScalarType.Float) {
      return torch.rms_norm(input, normalizedShape, Ops.optional(scale), epsilon);
    }
    AutogradContext pass = AutogradContext.current();
    Tensor normalised = pass == null ? input.mul(overRoot(input)) : normalised(input, pass);
    return scale == null ? normalised : scaled(normalised, scale, pass);
  }

  /** The factor of each feature; none if the norm has no weight. */
  private @Nullable Tensor factor() {
    if (weight == null) {
      return null;
    }
    Tensor own = weight.tensor();
    return aroundOne ? own.to(ScalarType.Float).add(Ops.ONE) : own;
  }

  private static Tensor scaled(Tensor normalised, Tensor scale, @Nullable AutogradContext pass) {
    Tensor y = normalised.mul(scale);
    if (pass != null) {
      Tensor values = normalised.detach();
      Tensor by = scale.detach();
      pass.recomputable(y, List.of(values, by), () -> values.mul(by));
    }
    return y;
  }

  /** The weight of each feature, {@code [dim]}, if it has one. */
  public Optional<Parameter> scale() {
    return Optional.ofNullable(weight);
  }

  /** The norm as decoding computes it; empty if decoding has no kernel for its weight. */
  public Optional<RmsNormKernel> decodeWeights() {
    return Optional.ofNullable(weight)
        .flatMap(Parameter::memory)
        .flatMap(own -> RmsNormKernel.of(own, epsilonValue))
        .map(kernel -> aroundOne ? kernel.plus(1) : kernel);
  }

  /** {@code 1 / √(mean(x²) + ε)} of each row. */
  private Tensor overRoot(Tensor input) {
    return Ops.normOfRows(input).square().mul(overDim).add(epsilonAsScalar).rsqrt();
  }

  /**
   * With the factor r of each row and {@code y = r x}, a gradient g of y is {@code r (g − y ·
   * mean(g · y))} of x. Libtorch multiplies by r; the hook does the rest.
   */
  private Tensor normalised(Tensor input, AutogradContext pass) {
    Tensor factor;
    try (NoGradGuard guard = new NoGradGuard()) {
      factor = overRoot(input);
    }
    Tensor y = input.mul(factor);
    Tensor values = y.detach();
    pass.onBackward(
        y, List.of(values), g -> g.sub(values.mul(Ops.sumOfRows(g.mul(values)).mul(overDim))));
    return weight == null ? torch.alias(y) : y; // so that a caller's hook runs before this one
  }

  @Override
  public void close() {
    super.close();
    epsilon.deallocate();
    epsilonAsScalar.deallocate();
    overDim.deallocate();
  }
}
