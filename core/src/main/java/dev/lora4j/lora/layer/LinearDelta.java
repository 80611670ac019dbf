package dev.lora4j.lora.layer;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** LoRA of a linear layer, {@code y + scaling · B A x}; a new B is zero. */
public sealed class LinearDelta extends FactoredDelta permits StartingDelta {
  private final Linear a; // [rank, in]
  private final Linear b; // [out, rank]

  public LinearDelta(WeightedLayer base, DeltaOptions options) {
    super(base, options.rank(), options.scaling(), options.dropout());
    long in = base.inFeatures();
    long out = base.outFeatures();
    a = Linear.withoutBias(in, options.rank());
    b = options.bias() ? new Linear(options.rank(), out) : Linear.withoutBias(options.rank(), out);
    child("A", a);
    child("B", b);
    zero(b);
  }

  @Override
  final Tensor addProduct(Tensor y, Tensor x) {
    return LowRankProduct.addTo(y, x, effectiveA(), effectiveB(), scaling(), factor());
  }

  @Override
  final Tensor applyA(Tensor x, Tensor a) {
    return Ops.linear(x, a, null);
  }

  @Override
  final Tensor applyB(Tensor y, Tensor h, Tensor b, Scalar scale) {
    return LowRankProduct.addB(y, h, b, scale);
  }

  @Override
  public Optional<LinearWeights> addTo(LinearWeights layer) {
    return lowRank().flatMap(layer::plus);
  }

  @Override
  public final Optional<LowRank> lowRank() {
    return isPlain()
        ? LowRank.of(a().value().detach(), b().value().detach(), factor())
        : Optional.empty();
  }

  /** Stores B column by column: a product with a row then adds whole columns. */
  @Override
  public final void layOutForDecoding() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      b().replaceValue(b().value().detach().t().contiguous().t());
    }
  }

  /** Returns whether the next forward adds {@code scaling · B A x} and nothing else. */
  boolean isPlain() {
    return !isRandomNow() && b.bias().isEmpty() && !a().isParametrized() && !b().isParametrized();
  }

  @Override
  public final Parameter a() {
    return a.weight();
  }

  @Override
  public final Parameter b() {
    return b.weight();
  }

  @Override
  final Optional<Parameter> biasOfB() {
    return b.bias();
  }
}
