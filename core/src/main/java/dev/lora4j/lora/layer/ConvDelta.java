package dev.lora4j.lora.layer;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** LoRA of a convolution: A has the base's kernel and stride, B a kernel of one, zero when new. */
public final class ConvDelta extends FactoredDelta {
  private final Conv base;
  private final Conv a; // [rank, in, kernel…]
  private final Conv b; // [out, rank / groups, 1…]

  public ConvDelta(Conv base, DeltaOptions options) {
    super(base, options.rank(), options.scaling(), options.dropout());
    this.base = base;
    long in = base.weight().shape()[1] * base.options().groups();
    a = base.like(in, options.rank(), base.options().withGroups(1).withoutBias());
    ConvOptions point = ConvOptions.kernel(1).withGroups(base.options().groups());
    b =
        base.like(
            options.rank(), base.weight().shape()[0], options.bias() ? point : point.withoutBias());
    child("A", a);
    child("B", b);
    zero(b);
  }

  @Override
  Tensor applyA(Tensor x, Tensor a) {
    return this.a.forwardWith(x, a, null);
  }

  @Override
  Tensor applyB(Tensor y, Tensor h, Tensor b, Scalar scale) {
    return y.add(this.b.forwardWith(h, b, null), scale);
  }

  @Override
  public Parameter a() {
    return a.weight();
  }

  @Override
  public Parameter b() {
    return b.weight();
  }

  @Override
  Optional<Parameter> biasOfB() {
    return b.bias();
  }

  boolean isDense() {
    return base.options().groups() == 1;
  }

  /** With groups, A reads channels for which the base has no weight. */
  @Override
  public void requireMergeable() {
    if (!isDense()) {
      throw new UserError("the update of a convolution with groups can't be merged");
    }
    super.requireMergeable();
  }

  @Override
  Tensor perOutput(Tensor numbers) {
    int dimensions = Math.toIntExact(base.weight().value().dim());
    return Ops.along(numbers, featureAxis(dimensions), dimensions);
  }

  @Override
  int featureAxis(int dimensions) {
    return 1;
  }
}
