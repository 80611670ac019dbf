package dev.lora4j.lora.layer;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One adapter's change of one layer, {@code W' = s ∘ (W + ΔW)}, where the output scale {@code s} is
 * one unless a method overrides it. It depends on the layer that it changes, but not on other
 * adapters.
 *
 * <p>A method needs {@link #addTo} for the live forward, {@link #addDeltaTo} for merging, and
 * {@link #tensors} for training and files. Merging, unmerging, combining by SVD and batches of
 * several adapters work on these.
 */
public abstract class LoraDelta extends Module implements LayerDelta {

  /** Lays out the factors for products with single rows; the values stay the same. */
  public void layOutForDecoding() {}

  private final WeightedLayer base;

  public LoraDelta(WeightedLayer base) {
    this.base = base;
  }

  /** Returns the trained and saved tensors, by the end of their PEFT key. */
  public abstract Map<String, Parameter> tensors();

  /**
   * Adds {@code sign · ΔW} to a contiguous weight in place; gradients flow to the trainable
   * parameters.
   */
  public abstract void addDeltaTo(Tensor weight, double sign);

  /** Returns the factor of each output, {@code [out]}, if the method has one (DoRA). */
  public Optional<Tensor> outputScale() {
    return Optional.empty();
  }

  /** Returns whether a merged weight determines the unmerged one: no output scale is zero. */
  public boolean canBeSubtracted() {
    return true;
  }

  /** Returns whether it changes the layer's bias too ({@code lora_bias}). */
  public boolean changesBias() {
    return false;
  }

  /** Returns the layer's bias with the delta's part added. */
  public Tensor appliedToBias(Tensor bias) {
    return bias;
  }

  /** Returns the delta as {@code scaling · B A}, if it is one of LoRA's. */
  public Optional<FactoredDelta> factored() {
    return Optional.empty();
  }

  /**
   * Returns the delta as a term of rows in plain memory, which its parameters' memory must outlive;
   * empty if the next forward adds anything else.
   */
  public Optional<LowRank> lowRank() {
    return Optional.empty();
  }

  /** Returns whether {@code ΔW} is zero because the factor that starts at zero still is. */
  public abstract boolean isZero();

  /** Returns whether the next forward draws random numbers for dropout. */
  public abstract boolean isRandomNow();

  /**
   * Checks that the base can take the delta: {@code ΔW} in its weight, the bias in its bias.
   *
   * @throws UserError if it can't
   */
  public void requireMergeable() {
    if (changesBias() && base.bias().isEmpty()) {
      throw new UserError("a layer without a bias can't take lora_bias in");
    }
  }

  // ---- derived ----

  @Override
  public final List<Parameter> parameters() {
    return List.copyOf(tensors().values());
  }

  /** Returns {@code ΔW}, laid out as the base's weight. */
  public final Tensor deltaWeight() {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor like = base.store().rows(0, 1);
      Tensor delta = torch.empty(base.store().shape(), like.options(), null).zero_();
      addDeltaTo(delta, 1);
      return delta;
    }
  }

  /** Returns {@code s ∘ (weight + ΔW)} for a contiguous weight; gradients flow through. */
  final Tensor appliedTo(Tensor weight) {
    Tensor sum = weight.clone();
    addDeltaTo(sum, 1);
    return outputScale()
        .map(scale -> sum.mul(Ops.along(scale, base.outputAxis(), sum.dim())))
        .orElse(sum);
  }

  /** Views a weight of the base's shape as {@code [out, in]}. */
  public final Tensor asMatrix(Tensor weight) {
    return base.outputAxis() == 0 ? weight.view(weight.size(0), -1) : weight.t();
  }

  public final WeightedLayer base() {
    return base;
  }

  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("a delta is added to its layer's output: use addTo");
  }
}
