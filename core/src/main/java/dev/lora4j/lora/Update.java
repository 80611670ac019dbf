package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import dev.lora4j.row.CostModel;
import dev.lora4j.row.RowLinear.LowRank;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * One adapter's update of one layer: {@code ΔW = scaling · B A} (LoRA paper, §4.1), or with a
 * magnitude {@code W' = m (W + ΔW) / ‖W + ΔW‖} (DoRA paper, eq. 5). It knows the layer that it
 * updates and nothing of other adapters.
 */
abstract sealed class Update extends Module permits LayeredUpdate, EmbeddingUpdate {
  private final Weighted base;
  private final int rank;
  private final double factor;
  private final Scalar scaling;
  private final Dropout dropout;
  private @Nullable Parameter magnitude;
  private @Nullable AdaptedNorm norm;

  Update(Weighted base, int rank, double scaling, double dropout) {
    this.base = base;
    this.rank = rank;
    factor = scaling;
    this.scaling = Ops.keepScalar(scaling);
    this.dropout = new Dropout(dropout);
    child("dropout", this.dropout);
  }

  /** From the layer's input to the features of A, {@code A x}, whichever A is given. */
  abstract Tensor down(Tensor x, Tensor a);

  /** {@code y + scale · B h}, whichever B is given; y may be overwritten. */
  abstract Tensor addUp(Tensor y, Tensor h, Tensor b, Scalar scale);

  /** A as it is computed with, {@code [rank, in…]}. */
  Tensor downFactor() {
    return a().tensor();
  }

  /** B as it is computed with, {@code [out, rank…]}. */
  Tensor upFactor() {
    return b().tensor();
  }

  /** A with zeros below it where that is quicker, {@code [width, in…]}. */
  private Tensor downFactorFor(Tensor x) {
    return widens(x) ? Ops.filledUp(downFactor(), 0, CostModel.PADDED_RANK) : downFactor();
  }

  /** B with zeros beside it where that is quicker, {@code [out, width…]}. */
  private Tensor upFactorFor(Tensor x) {
    return widens(x) ? Ops.filledUp(upFactor(), 1, CostModel.PADDED_RANK) : upFactor();
  }

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

  /** Updates are asked for what they add to an output. */
  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("an update has no output of its own");
  }

  /**
   * Adds the update to what the base, and other updates before this one, gave.
   *
   * @param y what they gave; may be overwritten
   * @param x the layer's input
   */
  final Tensor addTo(Tensor y, Tensor x) {
    if (norm == null) {
      return addLowRank(y, dropout.forward(x));
    }
    if (!dropout.isActive()) {
      return rescaled(addLowRank(withoutBias(y), x), perOutput(ratio()));
    }
    Tensor dropped = dropout.forward(x);
    Tensor ratio = perOutput(ratio());
    Tensor change = ratio.sub(Ops.ONE).mul(baseOf(dropped));
    return y.add(change).add(ratio.mul(addLowRank(torch.zeros_like(y), dropped)));
  }

  private Tensor addLowRank(Tensor y, Tensor x) {
    Tensor sum = addProduct(y, x, downFactorFor(x), upFactorFor(x));
    Parameter bias = biasOfB();
    return bias == null ? sum : sum.add(perOutput(bias.tensor()), scaling);
  }

  /** {@code y + scaling · B A x}, whichever A and B are given; y may be overwritten. */
  Tensor addProduct(Tensor y, Tensor x, Tensor a, Tensor b) {
    return addUp(y, down(x, a), b, scaling);
  }

  /** What it adds to a single row of floats in plain memory, if it is the product alone there. */
  Optional<LowRank> ofRows() {
    return Optional.empty();
  }

  /**
   * Whether zeros are added to A and B, so that their rank is one that the products are quick at.
   */
  boolean widens(Tensor x) {
    return false;
  }

  /** {@code y − b}; y may be overwritten. */
  final Tensor withoutBias(Tensor y) {
    return base.bias().map(b -> y.sub_(perOutput(b.tensor()))).orElse(y);
  }

  /** {@code ratio · y + b}. */
  final Tensor rescaled(Tensor y, Tensor ratio) {
    return base.bias()
        .map(b -> torch.addcmul(perOutput(b.tensor()), y, ratio))
        .orElseGet(() -> y.mul(ratio));
  }

  private Tensor baseOf(Tensor x) {
    return base.forwardWith(x, base.store().dense(), null);
  }

  /** {@code m / ‖W + ΔW‖} of each output, {@code [out]}; DoRA only. */
  final Tensor ratio() {
    return requireNonNull(magnitude).tensor().flatten().div(requireNonNull(norm).get());
  }

  /** Lays a number for each output, {@code [out]}, along the axis of the outputs' features. */
  Tensor perOutput(Tensor numbers) {
    return numbers;
  }

  /** The axis of an output, or of A's features, along which the features lie. */
  int featureAxis(int dimensions) {
    return dimensions - 1;
  }

  /** Lays numbers for each row, {@code [rows, features]}, along an output or A's features. */
  final Tensor rowsOf(Tensor numbers, long dimensions) {
    long[] shape = new long[Math.toIntExact(dimensions)];
    Arrays.fill(shape, 1);
    shape[0] = numbers.size(0);
    shape[featureAxis(shape.length)] = numbers.size(1);
    return numbers.view(shape);
  }

  // ---- the update as a matrix ----

  /** A view of a weight of the base's shape as {@code [out, in]}. */
  Tensor asMatrix(Tensor weight) {
    return base.outputAxis() == 0 ? weight.view(weight.size(0), -1) : weight.t();
  }

  /**
   * Adds {@code scale · B A} to a weight in its place.
   *
   * @param weight contiguous, of the base's shape
   */
  final void addProductTo(Tensor weight, Scalar scale) {
    Tensor b = upFactor().flatten(1, -1);
    Tensor a = downFactor().flatten(1, -1);
    if (weight.scalar_type().intern() == b.scalar_type().intern()) {
      asMatrix(weight).addmm_(b, a, Ops.ONE, scale);
    } else {
      asMatrix(weight).add_(b.mm(a), scale);
    }
  }

  /**
   * A weight with this update added, and with DoRA rescaled; gradients flow to all that is trained.
   *
   * @param weight contiguous, of the base's shape, perhaps with other updates added before; stays
   */
  final Tensor addedTo(Tensor weight) {
    Tensor sum = weight.clone();
    addProductTo(sum, scaling);
    return isDora() ? sum.mul(Ops.along(ratio(), base.outputAxis(), sum.dim())) : sum;
  }

  /** {@code scaling · B A}, laid out as the base's weight. */
  final Tensor delta() {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor delta = torch.zeros_like(base.store().dense());
      addProductTo(delta, scaling);
      return delta;
    }
  }

  /**
   * @throws UserError if the base's weight has no place for the update
   */
  void requireMergeable() {}

  /** Gives the update a magnitude, which is the norm of the adapted weight at first. */
  void addMagnitude() {
    requireMergeable();
    AdaptedNorm ofSum = new AdaptedNorm(this);
    norm = ofSum;
    magnitude = parameter("magnitude", perOutput(ofSum.get()).clone());
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
    if (norm != null) {
      norm.close();
    }
  }

  Weighted base() {
    return base;
  }

  final Scalar scaling() {
    return scaling;
  }

  /** The scaling as a number. */
  final double factor() {
    return factor;
  }

  final boolean isDora() {
    return magnitude != null;
  }

  /** Whether it multiplies an output by zero. */
  final boolean hasZeroMagnitude() {
    if (magnitude == null) {
      return false;
    }
    try (PointerScope scope = new PointerScope()) {
      return magnitude.value().count_nonzero().item_long() < magnitude.numel();
    }
  }

  /** Whether it draws random numbers in its next forward. */
  final boolean isRandomNow() {
    return dropout.isActive();
  }

  int rank() {
    return rank;
  }
}
