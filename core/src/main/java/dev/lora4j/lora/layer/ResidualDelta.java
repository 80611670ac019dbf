package dev.lora4j.lora.layer;

import dev.lora4j.nn.WeightedLayer;
import org.bytedeco.pytorch.Tensor;

/** LoRA from a part of the base (PiSSA, OLoRA): {@code ΔW = scaling · (B A − B₀ A₀)}. */
public final class ResidualDelta extends StartingDelta {

  public ResidualDelta(WeightedLayer base, DeltaOptions options) {
    super(base, options);
  }

  @Override
  public Tensor effectiveA() {
    return sinceStartA();
  }

  @Override
  public Tensor effectiveB() {
    return sinceStartB();
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
