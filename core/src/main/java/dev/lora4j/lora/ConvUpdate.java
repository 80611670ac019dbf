package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Conv;
import dev.lora4j.nn.ConvOptions;
import dev.lora4j.nn.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The update of a convolution: A walks as the base does, to {@code rank} channels; B has a window
 * of one, from them to the base's.
 */
final class ConvUpdate extends LayeredUpdate<Conv> {
  private final Conv base;

  /** A is {@code [rank, in, kernel…]}, B {@code [out, rank / groups, 1…]}. */
  ConvUpdate(Conv base, int rank, double scaling, LoraConfig config) {
    super(base, layerA(base, rank), layerB(base, rank, config), rank, scaling, config.dropout());
    this.base = base;
  }

  private static Conv layerA(Conv base, int rank) {
    long inputs = base.weight().shape()[1] * base.options().groups();
    return base.like(inputs, rank, base.options().withGroups(1).withoutBias());
  }

  private static Conv layerB(Conv base, int rank, LoraConfig config) {
    ConvOptions point = ConvOptions.kernel(1).withGroups(base.options().groups());
    return base.like(
        rank, base.weight().shape()[0], config.loraBias() ? point : point.withoutBias());
  }

  @Override
  Tensor addUp(Tensor y, Tensor h, Tensor b, Scalar scale) {
    return y.add(layerB().forwardWith(h, b, null), scale);
  }

  /** Whether each of the base's outputs looks into all input channels, as A does. */
  boolean isDense() {
    return base.options().groups() == 1;
  }

  /** With groups, the base has no weight for the channels of other groups, into which A looks. */
  @Override
  void requireMergeable() {
    if (!isDense()) {
      throw new UserError("the update of a convolution with groups can't be merged");
    }
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
