package dev.lora4j.lora;

import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import dev.lora4j.row.CostModel;
import dev.lora4j.row.RowLinear.LowRank;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The update of a linear layer, whichever way round its weight lies. */
final class LinearUpdate extends LayeredUpdate<Linear> {
  private @Nullable Parameter initialA; // what the base gave up, if it did
  private @Nullable Parameter initialB;

  /** A is {@code [rank, in]}, B {@code [out, rank]}. */
  LinearUpdate(Weighted base, int rank, double scaling, LoraConfig config) {
    super(base, layerA(base, rank), layerB(base, rank, config), rank, scaling, config.dropout());
  }

  private static Linear layerA(Weighted base, int rank) {
    return Linear.withoutBias(base.store().shape()[1 - base.outputAxis()], rank);
  }

  private static Linear layerB(Weighted base, int rank, LoraConfig config) {
    long outputs = base.store().shape()[base.outputAxis()];
    return config.loraBias() ? new Linear(rank, outputs) : Linear.withoutBias(rank, outputs);
  }

  /**
   * Lets the present {@code B A} count as the base's: what the update adds from now on is the
   * difference to it. The base itself stays as it is.
   */
  void takeFromBase() {
    initialA = parameter("initial_A", a().value().detach().clone()).trainable(false);
    initialB = parameter("initial_B", b().value().detach().clone()).trainable(false);
  }

  /** With what the base gave up taken off again: {@code B A − B₀ A₀ = [B −B₀] [A; A₀]}. */
  @Override
  Tensor downFactor() {
    return initialA == null ? super.downFactor() : Ops.join(0, a().tensor(), initialA.tensor());
  }

  @Override
  Tensor upFactor() {
    return initialB == null ? super.upFactor() : Ops.join(1, b().tensor(), initialB.tensor().neg());
  }

  @Override
  Tensor addUp(Tensor y, Tensor h, Tensor b, Scalar scale) {
    if (y.dim() < 2) {
      return y.add(Ops.linear(h, b, null), scale);
    }
    Tensor sum = y.flatten(0, -2).addmm_(h.flatten(0, -2), b.t(), Ops.ONE, scale);
    return y.dim() == 2 ? sum : sum.view(y.sizes());
  }

  @Override
  Tensor addProduct(Tensor y, Tensor x, Tensor a, Tensor b) {
    return Ops.isLowRankOfRow(y, x, a, b)
        ? Ops.addLowRankToRow(y, x, a, b, factor())
        : super.addProduct(y, x, a, b);
  }

  @Override
  Optional<LowRank> ofRows() {
    return isPlain()
        ? LowRank.of(a().value().detach(), b().value().detach(), factor())
        : Optional.empty();
  }

  @Override
  boolean widens(Tensor x) {
    return x.is_cpu()
        && rank() % CostModel.PADDED_RANK != 0
        && x.numel() >= CostModel.PADDED_RANK_MIN_ROWS * x.size(-1)
        && Engine.multipliesByMkl();
  }

  /** Whether it is {@code scaling · B A} and nothing else, in the coming forward. */
  boolean isPlain() {
    return !tookFromBase()
        && !isDora()
        && !isRandomNow()
        && biasOfB() == null
        && !a().isParametrized()
        && !b().isParametrized();
  }

  /** Whether the present update is the difference to what the base gave up. */
  boolean tookFromBase() {
    return initialA != null;
  }

  /** The base's weight as {@code [out, in]}. */
  Tensor weightAsRows() {
    return asMatrix(base().store().dense().detach());
  }
}
