package dev.lora4j.lora;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The update of a linear layer, whichever way round its weight lies. */
final class LinearUpdate extends Update {
  private final Linear a; // [rank, in]
  private final Linear b; // [out, rank]
  private final boolean addsInPlace;
  private @Nullable Parameter initialA; // what the base gave up, if it did
  private @Nullable Parameter initialB;

  LinearUpdate(Weighted base, int rank, double scaling, LoraConfig config) {
    super(base, rank, scaling, config.dropout());
    long outputs = base.weight().shape()[base.outputAxis()];
    long inputs = base.weight().shape()[1 - base.outputAxis()];
    a = Linear.withoutBias(inputs, rank);
    b = config.loraBias() ? new Linear(rank, outputs) : Linear.withoutBias(rank, outputs);
    child("A", a);
    child("B", b);
    addsInPlace = !config.dora() && !config.loraBias() && config.dropout() == 0;
    try (NoGradGuard guard = new NoGradGuard()) {
      b.namedParameters().values().forEach(parameter -> parameter.value().zero_());
    }
  }

  /**
   * Lets the present {@code B A} count as the base's: what the update adds from now on is the
   * difference to it. The base itself stays as it is.
   */
  void takeFromBase() {
    initialA = parameter("initial_A", a.weight().value().detach().clone()).trainable(false);
    initialB = parameter("initial_B", b.weight().value().detach().clone()).trainable(false);
  }

  @Override
  Tensor lowRank(Tensor x) {
    Tensor product = b.forward(a.forward(x));
    if (initialA == null || initialB == null) {
      return product;
    }
    return product.sub(Ops.linear(Ops.linear(x, initialA.tensor(), null), initialB.tensor(), null));
  }

  @Override
  Tensor addTo(Tensor y, Tensor x) {
    return addsInPlace && initialA == null && x.dim() == 2
        ? y.addmm_(a.forward(x), b.weight().tensor().t(), Ops.ONE, scaling())
        : super.addTo(y, x);
  }

  @Override
  Tensor product() {
    Tensor product = b.weight().value().mm(a.weight().value()); // [out, in]
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

  @Nullable Parameter initialA() {
    return initialA;
  }

  @Nullable Parameter initialB() {
    return initialB;
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
