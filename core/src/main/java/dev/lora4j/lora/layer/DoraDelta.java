package dev.lora4j.lora.layer;

import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.LinearWeights.OutputScale;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * DoRA: {@code W' = m (W + ΔW) / ‖W + ΔW‖} with a trained magnitude m for each output (Liu et al.
 * 2024, arXiv:2402.09353, eq. 5), initially the norm of the adapted weight.
 */
public final class DoraDelta extends LoraDelta {
  private final FactoredDelta lowRank;
  private final DoraNorm norm;
  private final Parameter magnitude;

  public DoraDelta(FactoredDelta lowRank) {
    super(lowRank.base());
    this.lowRank = lowRank;
    child("", lowRank);
    lowRank.requireMergeable();
    norm = new DoraNorm(lowRank);
    magnitude = lowRank.parameter("magnitude", lowRank.perOutput(norm.get()).clone());
  }

  @Override
  public Tensor addTo(Tensor y, Tensor x) {
    Dropout dropout = lowRank.dropout();
    if (!dropout.isActive()) {
      return rescaled(lowRank, lowRank.addLowRank(withoutBias(lowRank, y), x), scale());
    }
    Tensor dropped = dropout.forward(x);
    Tensor scale = scale();
    Tensor change = scale.sub(Ops.ONE).mul(base().withoutBias(dropped));
    return y.add(change).add(scale.mul(lowRank.addLowRank(torch.zeros_like(y), dropped)));
  }

  @Override
  public Optional<LinearWeights> addTo(LinearWeights layer) {
    if (!layer.updates().isEmpty() || magnitude.isParametrized()) {
      return Optional.empty();
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      OutputScale factors = new OutputScale(ratio());
      return lowRank.addTo(layer).map(with -> with.scaled(factors));
    }
  }

  @Override
  public void layOutForDecoding() {
    lowRank.layOutForDecoding();
  }

  private Tensor scale() {
    return lowRank.perOutput(ratio());
  }

  /** Returns {@code m / ‖W + ΔW‖}, {@code [out]}. */
  private Tensor ratio() {
    return magnitude.tensor().flatten().div(norm.get());
  }

  /** Returns {@code y − b} with the base's bias b; y may be overwritten. */
  static Tensor withoutBias(FactoredDelta layer, Tensor y) {
    return layer.base().bias().map(b -> y.sub_(layer.perOutput(b.tensor()))).orElse(y);
  }

  /** Returns {@code scale · y + b} with the base's bias b. */
  static Tensor rescaled(FactoredDelta layer, Tensor y, Tensor scale) {
    return layer
        .base()
        .bias()
        .map(b -> torch.addcmul(layer.perOutput(b.tensor()), y, scale))
        .orElseGet(() -> y.mul(scale));
  }

  @Override
  public void addDeltaTo(Tensor weight, double sign) {
    lowRank.addDeltaTo(weight, sign);
  }

  @Override
  public Optional<Tensor> outputScale() {
    return Optional.of(ratio());
  }

  @Override
  public boolean canBeSubtracted() {
    try (PointerScope scope = new PointerScope()) {
      return magnitude.value().count_nonzero().item_long() == magnitude.numel();
    }
  }

  @Override
  public Map<String, Parameter> tensors() {
    Map<String, Parameter> tensors = new LinkedHashMap<>(lowRank.tensors());
    tensors.put("lora_magnitude_vector", magnitude);
    return tensors;
  }

  @Override
  public Optional<FactoredDelta> factored() {
    return Optional.of(lowRank);
  }

  @Override
  public boolean isZero() {
    return lowRank.isZero();
  }

  @Override
  public boolean isRandomNow() {
    return lowRank.isRandomNow();
  }

  @Override
  public void close() {
    lowRank.close();
    norm.close();
  }
}
