package dev.lora4j.lora.layer;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The change of a weight by merging one delta: {@code s ∘ (W + ΔW)}, with s of DoRA. */
public final class MergeDelta implements AutoCloseable {
  private final LoraDelta delta;
  private final long[] versions;
  private final @Nullable Tensor scale; // s, broadcast along the weight's outputs

  private MergeDelta(LoraDelta delta, @Nullable Tensor scale) {
    this.delta = delta;
    this.scale = scale;
    versions = versions();
  }

  /** Computes the change, before any other is applied: DoRA's norm is of the unmerged weight. */
  public static MergeDelta of(LoraDelta delta) {
    long dimensions = delta.base().store().shape().length;
    Tensor scale =
        delta
            .outputScale()
            .map(s -> Ops.keep(Ops.along(s.detach(), delta.base().outputAxis(), dimensions)))
            .orElse(null);
    return new MergeDelta(delta, scale);
  }

  public void apply(Tensor weight) {
    delta.addDeltaTo(weight, 1);
    if (scale != null) {
      weight.mul_(scale);
    }
  }

  /**
   * Checks that the delta has not changed since the merge.
   *
   * @throws UserError if it has
   */
  public void requireSameDelta() {
    if (!Arrays.equals(versions, versions())) {
      throw new UserError(
          "can't unmerge by subtraction: the adapter was changed while it was merged");
    }
  }

  /** Undoes the change, up to rounding. */
  public void revert(Tensor weight) {
    if (scale != null) {
      weight.div_(scale);
    }
    delta.addDeltaTo(weight, -1);
  }

  private long[] versions() {
    return delta.parameters().stream().mapToLong(Parameter::version).toArray();
  }

  @Override
  public void close() {
    if (scale != null) {
      scale.deallocate();
    }
  }
}
