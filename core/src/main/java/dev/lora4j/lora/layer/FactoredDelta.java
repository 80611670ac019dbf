package dev.lora4j.lora.layer;

import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** LoRA: {@code ΔW = scaling · B A} with a small rank (Hu et al. 2021, §4.1, eq. 3). */
public abstract sealed class FactoredDelta extends LoraDelta
    permits LinearDelta, ConvDelta, EmbeddingDelta {
  private final int rank;
  private final double factor;
  private final Scalar scaling;
  private final Dropout dropout;

  FactoredDelta(WeightedLayer base, int rank, double scaling, double dropout) {
    super(base);
    this.rank = rank;
    factor = scaling;
    this.scaling = Ops.keepScalar(scaling);
    this.dropout = new Dropout(dropout);
    child("dropout", this.dropout);
  }

  @Override
  public final Tensor addTo(Tensor y, Tensor x) {
    return addLowRank(y, dropout.forward(x)); // y + scaling · B(A(dropout(x)))
  }

  /** Returns {@code y + scaling · (B A x + b)}; y may be overwritten. */
  final Tensor addLowRank(Tensor y, Tensor x) {
    Tensor sum = addProduct(y, x);
    return biasOfB().map(b -> sum.add(perOutput(b.tensor()), scaling)).orElse(sum);
  }

  Tensor addProduct(Tensor y, Tensor x) {
    return applyB(y, applyA(x, effectiveA()), effectiveB(), scaling);
  }

  // ---- the two factors ----

  /** Returns A, {@code [rank, in…]}. */
  public abstract Parameter a();

  /** Returns B, {@code [out, rank…]}. */
  public abstract Parameter b();

  /** Returns the bias of B, {@code [out]}, with {@code lora_bias}. */
  abstract Optional<Parameter> biasOfB();

  /** Returns {@code A x} for any A of this layout. */
  abstract Tensor applyA(Tensor x, Tensor a);

  /** Returns {@code y + scale · B h} for any B of this layout; y may be overwritten. */
  abstract Tensor applyB(Tensor y, Tensor h, Tensor b, Scalar scale);

  /** Returns A as the forward uses it, {@code [rank, in…]}. */
  public Tensor effectiveA() {
    return a().tensor();
  }

  /** Returns B as the forward uses it, {@code [out, rank…]}. */
  public Tensor effectiveB() {
    return b().tensor();
  }

  /** Returns A and B by the end of their PEFT key. */
  Map<String, Parameter> factors() {
    Map<String, Parameter> factors = new LinkedHashMap<>();
    factors.put("lora_A.weight", a());
    factors.put("lora_B.weight", b());
    return factors;
  }

  /** Sets the layer B of a new delta to zero, so that training starts from the base. */
  static void zero(Module b) {
    try (NoGradGuard guard = new NoGradGuard()) {
      b.namedParameters().values().forEach(parameter -> parameter.value().zero_());
    }
  }

  // ---- layout ----

  /** Returns the feature axis of an output or of {@code A x}. */
  int featureAxis(int dimensions) {
    return dimensions - 1;
  }

  /** Views one value per output, {@code [out]}, along the feature axis of an output. */
  Tensor perOutput(Tensor numbers) {
    return numbers;
  }

  /** Views values per row, {@code [rows, features]}, along an output or {@code A x}. */
  final Tensor perRow(Tensor numbers, long dimensions) {
    long[] shape = new long[Math.toIntExact(dimensions)];
    Arrays.fill(shape, 1);
    shape[0] = numbers.size(0);
    shape[featureAxis(shape.length)] = numbers.size(1);
    return numbers.view(shape);
  }

  // ---- the delta of the weight ----

  @Override
  public final void addDeltaTo(Tensor weight, double sign) {
    Tensor b = effectiveB().flatten(1, -1);
    Tensor a = effectiveA().flatten(1, -1);
    Scalar scale = new Scalar(sign * factor);
    if (weight.scalar_type().intern() == b.scalar_type().intern()) {
      asMatrix(weight).addmm_(b, a, Ops.ONE, scale);
    } else {
      asMatrix(weight).add_(b.mm(a), scale);
    }
  }

  @Override
  public final boolean changesBias() {
    return biasOfB().isPresent();
  }

  @Override
  public final Tensor appliedToBias(Tensor bias) {
    return biasOfB().map(b -> bias.add(b.tensor(), scaling)).orElse(bias);
  }

  @Override
  public final Map<String, Parameter> tensors() {
    Map<String, Parameter> tensors = new LinkedHashMap<>(factors());
    biasOfB().ifPresent(bias -> tensors.put("lora_B.bias", bias));
    return tensors;
  }

  @Override
  public final Optional<FactoredDelta> factored() {
    return Optional.of(this);
  }

  @Override
  public final boolean isZero() {
    return b().isZero();
  }

  @Override
  public final boolean isRandomNow() {
    return dropout.isActive();
  }

  final Dropout dropout() {
    return dropout;
  }

  final Scalar scaling() {
    return scaling;
  }

  public final double factor() {
    return factor;
  }

  public final int rank() {
    return rank;
  }

  @Override
  public void close() {
    super.close();
    scaling.deallocate();
  }
}
