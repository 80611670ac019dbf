package dev.lora4j.lora.layer;

import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * LoRA of a raw parameter, such as the weights of experts: while the adapter is active, the module
 * computes with {@code W + scaling · B A}, expert by expert. As in PEFT, A is {@code [experts ·
 * rank, in]} with the expert as the outer index, and B {@code [out, rank · experts]} with the
 * expert as the inner index. A two-dimensional parameter is one expert.
 */
public final class ParameterDelta extends AuxiliaryModule {
  private final Parameter updated;
  private final boolean transposed;
  private final long experts;
  private final Parameter a;
  private final Parameter b;
  private final Scalar scaling;
  private final UnaryOperator<Tensor> whileActive;

  /**
   * Attaches a new delta to the parameter.
   *
   * @param updated {@code [out, in]} or {@code [experts, out, in]}
   * @param transposed whether the parameter is {@code [experts, in, out]} instead
   * @param active whether the adapter is active in the calling thread's forward
   */
  public ParameterDelta(
      Parameter updated, boolean transposed, int rank, double scaling, BooleanSupplier active) {
    long[] shape = updated.shape();
    this.updated = updated;
    this.transposed = transposed && shape.length == 3;
    experts = shape.length == 3 ? shape[0] : 1;
    long first = shape[shape.length - 2];
    long last = shape[shape.length - 1];
    a = parameter("A", Init.kaimingUniform(experts * rank, this.transposed ? first : last));
    b = parameter("B", Ops.zeros(this.transposed ? last : first, rank * experts));
    this.scaling = Ops.keepScalar(scaling);
    whileActive = own -> active.getAsBoolean() ? own.add(delta()) : own;
    updated.parametrize(whileActive);
  }

  /** Returns {@code scaling · B A}, laid out as the parameter. */
  private Tensor delta() {
    Tensor down = a.tensor();
    Tensor up = b.tensor();
    if (updated.shape().length == 2) {
      return up.mm(down).mul(scaling);
    }
    Tensor downs = down.view(experts, -1, down.size(1)); // [E, r, in]
    Tensor ups = up.view(up.size(0), -1, experts).permute(2, 0, 1); // [E, out, r]
    Tensor delta = ups.bmm(downs).mul(scaling); // [E, out, in]
    return transposed ? delta.transpose(1, 2) : delta;
  }

  public void initialize(Initialization how) {
    int rank = Math.toIntExact(b.shape()[1] / experts);
    try (NoGradGuard guard = new NoGradGuard()) {
      if (how instanceof Initialization.Gaussian) {
        a.value().normal_(0, 1.0 / rank, null);
      } else if (how instanceof Initialization.Random) {
        b.copyFrom(Init.kaimingUniform(b.shape()));
      }
    }
  }

  @Override
  public void remove() {
    updated.unparametrize(whileActive);
    close();
    scaling.deallocate();
  }

  public Parameter a() {
    return a;
  }

  public Parameter b() {
    return b;
  }
}
