package dev.lora4j.lora.layer;

import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * LoRA that remembers its first A and B, {@code A₀} and {@code B₀}, which came from the base. With
 * LoftQ it is plain LoRA on the quantised base, and {@code scaling · (B A − B₀ A₀)} on the original
 * one.
 */
public sealed class StartingDelta extends LinearDelta permits ResidualDelta {
  private @Nullable Parameter initialA;
  private @Nullable Parameter initialB;

  public StartingDelta(WeightedLayer base, DeltaOptions options) {
    super(base, options);
  }

  /**
   * Sets the first A and B.
   *
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   */
  public final void start(Tensor a, Tensor b) {
    try (PointerScope scope = new PointerScope()) {
      a().copyFrom(a);
      b().copyFrom(b);
      rememberStart();
    }
  }

  /** Remembers the present A and B as the first ones. */
  final void rememberStart() {
    initialA = parameter("initial_A", a().value().detach().clone()).trainable(false);
    initialB = parameter("initial_B", b().value().detach().clone()).trainable(false);
  }

  /** Returns whether it remembers its first A and B, as one loaded from a file does not. */
  public final boolean remembersStart() {
    return initialA != null;
  }

  /** Returns {@code [A; A₀]}, from {@code B A − B₀ A₀ = [B −B₀] [A; A₀]}. */
  public final Tensor sinceStartA() {
    return initialA == null ? super.effectiveA() : Ops.join(0, a().tensor(), initialA.tensor());
  }

  /** Returns {@code [B −B₀]}. */
  public final Tensor sinceStartB() {
    return initialB == null
        ? super.effectiveB()
        : Ops.join(1, b().tensor(), initialB.tensor().neg());
  }
}
