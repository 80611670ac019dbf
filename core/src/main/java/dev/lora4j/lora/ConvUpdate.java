package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Conv;
import dev.lora4j.nn.ConvOptions;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The update of a convolution: A walks as the base does, to {@code rank} channels; B has a window
 * of one, from them to the base's.
 */
final class ConvUpdate extends Update {
  private final Conv base;
  private final Conv a; // [rank, in, kernel…]
  private final Conv b; // [out, rank / groups, 1…]

  ConvUpdate(Conv base, int rank, double scaling, LoraConfig config) {
    super(base, rank, scaling, config.dropout());
    this.base = base;
    ConvOptions walk = base.options();
    long groups = walk.groups();
    if (rank % groups != 0) {
      throw new UserError(
          "the rank, %d, must be a multiple of the convolution's groups, %d"
              .formatted(rank, groups));
    }
    long[] shape = base.weight().shape();
    ConvOptions point = ConvOptions.kernel(1).withGroups(groups);
    a = base.like(shape[1] * groups, rank, walk.withGroups(1).withoutBias());
    b = base.like(rank, shape[0], config.loraBias() ? point : point.withoutBias());
    child("A", a);
    child("B", b);
    try (NoGradGuard guard = new NoGradGuard()) {
      b.namedParameters().values().forEach(parameter -> parameter.value().zero_());
    }
  }

  @Override
  Tensor lowRank(Tensor x) {
    return b.forward(a.forward(x));
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
    return b.weight()
        .value()
        .flatten(1, -1)
        .mm(a.weight().value().flatten(1, -1))
        .view(base.weight().shape());
  }

  @Override
  Tensor perOutput(Tensor numbers) {
    return Ops.along(numbers, 1, base.weight().value().dim());
  }

  @Override
  Parameter a() {
    return a.weight();
  }

  @Override
  Parameter b() {
    return b.weight();
  }

  @Override
  @Nullable Parameter biasOfB() {
    return b.bias().orElse(null);
  }
}
