package dev.lora4j.lora.layer;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** LoRA of a linear layer, {@code y + scaling · B A x}; a new B is zero. */
public sealed class LinearDelta extends FactoredDelta permits ResidualDelta {
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
    Tensor a = effectiveA();
    Tensor b = effectiveB();
    if (isPadded(x, a.size(0))) {
      a = Ops.padded(a, 0, CostModel.PADDED_RANK);
      b = Ops.padded(b, 1, CostModel.PADDED_RANK);
    }
    return Ops.isLowRankOfRow(y, x, a, b)
        ? Ops.addLowRankToRow(y, x, a, b, factor())
        : applyB(y, applyA(x, a), b, scaling());
  }

  /** Returns whether the rank is padded with zeros to one that MKL multiplies fast. */
  private static boolean isPadded(Tensor x, long rank) {
    return x.is_cpu()
        && rank % CostModel.PADDED_RANK != 0
        && x.numel() >= CostModel.PADDED_RANK_MIN_ROWS * x.size(-1)
        && Engine.multipliesByMkl();
  }

  @Override
  final Tensor applyA(Tensor x, Tensor a) {
    return Ops.linear(x, a, null);
  }

  @Override
  final Tensor applyB(Tensor y, Tensor h, Tensor b, Scalar scale) {
    if (y.dim() < 2) {
      return y.add(Ops.linear(h, b, null), scale);
    }
    Tensor sum = y.flatten(0, -2).addmm_(h.flatten(0, -2), b.t(), Ops.ONE, scale);
    return y.dim() == 2 ? sum : sum.view(y.sizes());
  }

  @Override
  public Optional<LowRank> decodeWeights() {
    return isPlain()
        ? LowRank.of(a().value().detach(), b().value().detach(), factor())
        : Optional.empty();
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
