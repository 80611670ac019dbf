package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What one update does to its layer's weight in a merge: {@code W + ΔW}, with DoRA rescaled. */
final class WeightChange implements AutoCloseable {
  private final Update update;
  private final long[] versions;
  private final @Nullable Tensor ratio; // laid along the weight's outputs

  private WeightChange(Update update, @Nullable Tensor ratio) {
    this.update = update;
    this.ratio = ratio;
    versions = versions();
  }

  /** The change as it is before any other is made: DoRA's norm is that of the untouched weight. */
  static WeightChange of(Update update) {
    if (!update.isDora()) {
      return new WeightChange(update, null);
    }
    long dimensions = update.base().weight().value().dim();
    return new WeightChange(
        update,
        Ops.keep(Ops.along(update.ratio().detach(), update.base().outputAxis(), dimensions)));
  }

  /** Makes the change in the weight's place. */
  void apply(Tensor weight) {
    update.addProductTo(weight, update.scaling());
    if (ratio != null) {
      weight.mul_(ratio);
    }
  }

  /**
   * @throws UserError if the update is another one by now
   */
  void requireSameUpdate() {
    if (!Arrays.equals(versions, versions())) {
      throw new UserError(
          "can't unmerge by subtraction: the adapter was changed while it was merged");
    }
  }

  /** Takes the change off again, up to rounding. */
  void revert(Tensor weight) {
    if (ratio != null) {
      weight.div_(ratio);
    }
    update.addProductTo(weight, new Scalar(-update.factor()));
  }

  private long[] versions() {
    return update.saved().values().stream().mapToLong(Parameter::version).toArray();
  }

  @Override
  public void close() {
    if (ratio != null) {
      ratio.deallocate();
    }
  }
}
