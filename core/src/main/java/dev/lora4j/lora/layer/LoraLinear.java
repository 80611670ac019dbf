package dev.lora4j.lora.layer;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A linear layer with LoRA. Used on its own, without a model, it has one adapter. */
public final class LoraLinear extends LoraLayer {
  private @Nullable LoraDelta delta; // its own, without a model

  /** Adapts a frozen copy of a linear layer with rank 4 and alpha 4. */
  public LoraLinear(Module module) {
    this(module, 4, 4);
  }

  /**
   * Adapts a frozen copy of a linear layer.
   *
   * @param rank {@code r}, at least 1
   * @param alpha the delta is scaled by {@code alpha / rank}
   * @throws UserError if the module is not a linear layer or the rank is below 1
   */
  public LoraLinear(Module module, int rank, double alpha) {
    this(copy(module), LoraLinear::ownDelta);
    delta = new LinearDelta(pretrained(), DeltaOptions.of(rank, alpha));
    delta.to(pretrained().store().device());
    list(DEFAULT, delta);
  }

  LoraLinear(Linear pretrained, ActiveDeltas active) {
    super(pretrained, active);
  }

  private static Linear copy(Module module) {
    if (module instanceof Linear linear) {
      return linear.copy();
    }
    throw new UserError("LoraLinear adapts a Linear, found " + module.getClass().getSimpleName());
  }

  /** Returns the delta of a layer without a model. */
  private static List<LoraDelta> ownDelta(LoraLayer layer) {
    return List.of(requireNonNull(((LoraLinear) layer).delta));
  }

  @Override
  public Linear pretrained() {
    return (Linear) super.pretrained();
  }
}
