package dev.lora4j.lora;

import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One adapter's update of one layer: {@code ΔW = scaling · B A} (LoRA paper, §4.1), or with a
 * magnitude {@code W' = m (W + ΔW) / ‖W + ΔW‖} (DoRA paper, eq. 5). It knows the layer that it
 * updates and nothing of other adapters.
 */
abstract sealed class Update extends Module permits LayeredUpdate, EmbeddingUpdate {
  private final Weighted base;
  private final int rank;
  private final Scalar scaling;
  private final Dropout dropout;
  private @Nullable Parameter magnitude;

  Update(Weighted base, int rank, double scaling, double dropout) {
    this.base = base;
    this.rank = rank;
    this.scaling = Ops.keepScalar(scaling);
    this.dropout = new Dropout(dropout);
    child("dropout", this.dropout);
  }

  /** {@code B A x}, not scaled, with B's bias if it has one. */
  abstract Tensor lowRank(Tensor x);

  /** {@code B A}, laid out as the base's weight; gradients flow to A and B. */
  abstract Tensor product();

  /** The factor that the input meets first. */
  abstract Parameter a();

  /** The factor that gives the output. */
  abstract Parameter b();

  /** A and B as they are saved, by the end of their PEFT key. */
  Map<String, Parameter> factors() {
    Map<String, Parameter> factors = new LinkedHashMap<>();
    factors.put("lora_A.weight", a());
    factors.put("lora_B.weight", b());
    return factors;
  }

  /** B's bias, if it has one. */
  abstract @Nullable Parameter biasOfB();

  @Override
  public final Tensor forward(Tensor input) {
    return lowRank(dropout.forward(input));
  }

  /**
   * Adds the update to what the base, and other updates before this one, gave.
   *
   * @param y what they gave; may be overwritten
   * @param x the layer's input
   */
  Tensor addTo(Tensor y, Tensor x) {
    Tensor dropped = dropout.forward(x);
    if (magnitude == null) {
      return y.add(lowRank(dropped), scaling);
    }
    Tensor ratio = perOutput(ratio(magnitude));
    Tensor withoutBias = dropout.isActive() ? baseOf(dropped) : withoutBias(y);
    Tensor change = ratio.sub(Ops.ONE).mul(withoutBias);
    return y.add(change).add(ratio.mul(lowRank(dropped)), scaling);
  }

  private Tensor withoutBias(Tensor y) {
    return base.bias().map(b -> y.sub(perOutput(b.tensor()))).orElse(y);
  }

  private Tensor baseOf(Tensor x) {
    return base.forwardWith(x, base.weight().tensor(), null);
  }

  /** {@code m / ‖W + ΔW‖} of each output, {@code [out]}, whatever else is merged into W. */
  private Tensor ratio(Parameter magnitude) {
    return magnitude.tensor().flatten().div(norm());
  }

  /** Lays a number for each output, {@code [out]}, along the axis of the outputs' features. */
  Tensor perOutput(Tensor numbers) {
    return numbers;
  }

  /** {@code ‖W + ΔW‖} of each output: {@code [out]}; DoRA paper, §4.3: constant in the backward. */
  private Tensor norm() {
    try (NoGradGuard guard = new NoGradGuard()) {
      return Ops.normsAlong(base.weight().value().add(product(), scaling), base.outputAxis());
    }
  }

  /**
   * A weight with this update merged in; gradients flow to all that is trained of the update.
   *
   * @param weight the base's, perhaps with other updates merged in before
   */
  Tensor mergedInto(Tensor weight) {
    Tensor sum = weight.add(product(), scaling);
    if (magnitude == null) {
      return sum;
    }
    return sum.mul(Ops.along(ratio(magnitude), base.outputAxis(), sum.dim()));
  }

  /** Gives the update a magnitude, which is the norm of the adapted weight at first. */
  void addMagnitude() {
    magnitude = parameter("magnitude", perOutput(norm()));
  }

  /** Whether the update sees another input than the base, which no weight can tell. */
  final boolean dropsInputs() {
    return dropout.isActive();
  }

  /** Everything that is trained and saved of this update, by the end of its PEFT key. */
  final Map<String, Parameter> saved() {
    Map<String, Parameter> saved = new LinkedHashMap<>(factors());
    Parameter bias = biasOfB();
    if (bias != null) {
      saved.put("lora_B.bias", bias);
    }
    if (magnitude != null) {
      saved.put("lora_magnitude_vector", magnitude);
    }
    return saved;
  }

  @Override
  public void close() {
    super.close();
    scaling.deallocate();
  }

  Weighted base() {
    return base;
  }

  final Scalar scaling() {
    return scaling;
  }

  int rank() {
    return rank;
  }
}
