package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Conv;
import dev.lora4j.nn.ConvOptions;
import dev.lora4j.nn.Ops;
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

  /**
   * {@code B A} over the channels. With groups, the base has no weight for the channels of other
   * groups, into which A looks: then there is nothing to merge.
   */
  @Override
  Tensor product() {
    if (base.options().groups() > 1) {
      throw new UserError("the update of a convolution with groups can't be merged");
    }
    return b().tensor().flatten(1, -1).mm(a().tensor().flatten(1, -1)).view(base.weight().shape());
  }

  @Override
  Tensor perOutput(Tensor numbers) {
    return Ops.along(numbers, 1, base.weight().value().dim());
  }
}
