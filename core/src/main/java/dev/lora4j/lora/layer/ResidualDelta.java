package dev.lora4j.lora.layer;

import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** LoRA from a part of the base (PiSSA, OLoRA): {@code ΔW = scaling · (B A − B₀ A₀)}. */
public final class ResidualDelta extends LinearDelta {
  private @Nullable Parameter initialA;
  private @Nullable Parameter initialB;

  public ResidualDelta(WeightedLayer base, DeltaOptions options) {
    super(base, options);
  }

  /** Sets the part that is subtracted to the present {@code B A}. */
  void subtractInitialDelta() {
    initialA = parameter("initial_A", a().value().detach().clone()).trainable(false);
    initialB = parameter("initial_B", b().value().detach().clone()).trainable(false);
  }

  /** Returns {@code [A; A₀]}, from {@code B A − B₀ A₀ = [B −B₀] [A; A₀]}. */
  @Override
  public Tensor effectiveA() {
    return initialA == null ? super.effectiveA() : Ops.join(0, a().tensor(), initialA.tensor());
  }

  /** Returns {@code [B −B₀]}. */
  @Override
  public Tensor effectiveB() {
    return initialB == null
        ? super.effectiveB()
        : Ops.join(1, b().tensor(), initialB.tensor().neg());
  }

  @Override
  boolean isPlain() {
    return false;
  }

  /** Returns the base's weight as {@code [out, in]}. */
  Tensor baseMatrix() {
    return asMatrix(base().store().dense().detach());
  }
}
