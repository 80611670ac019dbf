package dev.lora4j.lora;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * One adapter's update of one linear layer: {@code ΔW = scaling · B A} (LoRA paper, §4.1), with A
 * Kaiming-uniform and B zero at first, so that training starts from the base.
 */
final class LowRank extends Module {
  private final Linear a; // [rank, in]
  private final Linear b; // [out, rank]
  private final double scaling;
  private final Scalar scalingAsScalar;
  private static final Scalar ONE = Ops.keepScalar(1);

  LowRank(long inFeatures, long outFeatures, int rank, double scaling) {
    a = Linear.withoutBias(inFeatures, rank);
    b = Linear.withoutBias(rank, outFeatures);
    child("A", a);
    child("B", b);
    this.scaling = scaling;
    scalingAsScalar = Ops.keepScalar(scaling);
    try (NoGradGuard guard = new NoGradGuard()) {
      b.weight().value().zero_();
    }
  }

  /** {@code B A x}: {@code [batch, in]} to {@code [batch, out]}, not scaled. */
  @Override
  public Tensor forward(Tensor input) {
    return b.forward(a.forward(input));
  }

  /**
   * Adds {@code scaling · B A x} to what the base gave, in its memory.
   *
   * @param base {@code [batch, out]}
   * @param input {@code [batch, in]}
   */
  Tensor addTo(Tensor base, Tensor input) {
    return base.addmm_(a.forward(input), b.weight().tensor().t(), ONE, scalingAsScalar);
  }

  /** {@code scaling · B A}, {@code [out, in]}: what merging adds to the base's weight. */
  Tensor delta() {
    return b.weight().value().detach().mm(a.weight().value().detach()).mul(scalingAsScalar);
  }

  Linear a() {
    return a;
  }

  Linear b() {
    return b;
  }

  int rank() {
    return Math.toIntExact(a.outFeatures());
  }

  double scaling() {
    return scaling;
  }

  @Override
  public void close() {
    super.close();
    scalingAsScalar.deallocate();
  }
}
