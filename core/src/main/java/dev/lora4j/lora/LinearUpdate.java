package dev.lora4j.lora;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The update of a linear layer, whichever way round its weight lies. */
final class LinearUpdate extends LayeredUpdate<Linear> {
  private final boolean addsInPlace;
  private @Nullable Parameter initialA; // what the base gave up, if it did
  private @Nullable Parameter initialB;

  /** A is {@code [rank, in]}, B {@code [out, rank]}. */
  LinearUpdate(Weighted base, int rank, double scaling, LoraConfig config) {
    super(base, layerA(base, rank), layerB(base, rank, config), rank, scaling, config.dropout());
    addsInPlace = !config.dora() && !config.loraBias() && config.dropout() == 0;
  }

  private static Linear layerA(Weighted base, int rank) {
    return Linear.withoutBias(base.weight().shape()[1 - base.outputAxis()], rank);
  }

  private static Linear layerB(Weighted base, int rank, LoraConfig config) {
    long outputs = base.weight().shape()[base.outputAxis()];
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

  @Override
  Tensor lowRank(Tensor x) {
    Tensor product = super.lowRank(x);
    if (initialA == null || initialB == null) {
      return product;
    }
    return product.sub(Ops.linear(Ops.linear(x, initialA.tensor(), null), initialB.tensor(), null));
  }

  @Override
  Tensor addTo(Tensor y, Tensor x) {
    return addsInPlace && initialA == null && x.dim() == 2
        ? y.addmm_(layerA().forward(x), b().tensor().t(), Ops.ONE, scaling())
        : super.addTo(y, x);
  }

  @Override
  Tensor product() {
    Tensor product = b().tensor().mm(a().tensor()); // [out, in]
    if (initialA != null && initialB != null) {
      product = product.sub(initialB.value().mm(initialA.value()));
    }
    return base().outputAxis() == 0 ? product : product.t();
  }

  /** The base's weight as {@code [out, in]}. */
  Tensor weightAsRows() {
    Tensor weight = base().weight().value().detach();
    return base().outputAxis() == 0 ? weight : weight.t();
  }
}
