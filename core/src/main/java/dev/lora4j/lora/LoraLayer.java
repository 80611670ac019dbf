package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Conv;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.RowLayer;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.Weighted;
import dev.lora4j.row.RowLinear;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen layer and the deltas of its active adapters: {@code y = W x + b + (alpha / r) B A x}
 * (LoRA paper, §4.1, eq. 3).
 *
 * <p>Its children are {@code pretrained}, and {@code A} and {@code B} of the default adapter; those
 * of another adapter are listed below that adapter's name.
 */
public sealed class LoraLayer extends Module implements RowLayer permits LoraLinear {
  static final String DEFAULT = "default";

  private final Module pretrained;
  private final ActiveDeltas active;

  LoraLayer(Module pretrained, ActiveDeltas active) {
    this.pretrained = pretrained;
    this.active = active;
    child("pretrained", pretrained);
    pretrained.freeze();
  }

  /** Wraps a layer without a copy, and freezes it. */
  static LoraLayer over(Module layer, ActiveDeltas active) {
    return layer instanceof Linear linear
        ? new LoraLinear(linear, active)
        : new LoraLayer(layer, active);
  }

  /** Returns whether layers of this kind can be adapted. */
  static boolean canAdapt(Module module) {
    return module instanceof Linear
        || module instanceof TransposedLinear
        || module instanceof Conv
        || module instanceof Embedding;
  }

  /** Takes and returns what the pretrained layer does. */
  @Override
  public final Tensor forward(Tensor x) {
    List<? extends LayerDelta> deltas = active.of(this);
    if (FusedLoraBackward.suits(deltas, x)) {
      return FusedLoraBackward.forward(pretrained, deltas.get(0), x);
    }
    Tensor y = pretrained.forward(x); // W x + b
    for (LayerDelta delta : deltas) {
      y = delta.addTo(y, x); // + (alpha / r) B A x
    }
    return y;
  }

  @Override
  public final Optional<RowLinear> ofRows() {
    if (!(pretrained instanceof RowLayer base)) {
      return Optional.empty();
    }
    Optional<RowLinear> rows = base.ofRows();
    for (LayerDelta delta : active.of(this)) {
      rows = rows.flatMap(before -> delta.ofRows().map(before::plus));
    }
    return rows;
  }

  // ---- the layer as one weight ----

  /** The saved tensors of the adapters that are active in the calling thread's forward. */
  public final List<Parameter> activeParameters() {
    return active.of(this).stream().flatMap(delta -> delta.parameters().stream()).toList();
  }

  /**
   * Returns the weight with which the pretrained layer alone would give this layer's output, laid
   * out as W: {@code W + (alpha / r) B A}. Gradients flow to all that is trained.
   *
   * @throws UserError if there is no such weight: in training with dropout, which the base's input
   *     does not have; for rows with different adapters; with groups
   */
  public final Tensor adaptedWeight() {
    Tensor weight = weighted().store().dense();
    for (LayerDelta delta : active.of(this)) {
      weight = ofAllRows(delta).appliedTo(weight);
    }
    return weight;
  }

  private static LoraDelta ofAllRows(LayerDelta active) {
    if (!(active instanceof LoraDelta delta)) {
      throw new UserError(
          "rows with different adapters can't be computed where the layer is one weight:"
              + " pass the rows of each adapter on their own");
    }
    delta.requireMergeable();
    if (delta.isRandomNow()) {
      throw new UserError(
          "dropout of an adapter's input can't be computed where the layer is one weight:"
              + " train with dropout 0, and evaluate after train(false)");
    }
    return delta;
  }

  /**
   * Returns the bias that goes with {@link #adaptedWeight}, if the pretrained layer has one.
   *
   * @throws UserError if it has none and an adapter's B has
   */
  public final Optional<Tensor> adaptedBias() {
    Optional<Tensor> bias = weighted().bias().map(Parameter::tensor);
    for (LayerDelta delta : active.of(this)) {
      LoraDelta own = ofAllRows(delta);
      bias = bias.map(own::appliedToBias);
    }
    return bias;
  }

  // ---- adapters ----

  /** Lists an adapter's delta in the tree, under the adapter's name. */
  void list(String adapter, LoraDelta delta) {
    child(slot(adapter), delta);
  }

  void unlist(String adapter) {
    removeChild(slot(adapter));
  }

  private static String slot(String adapter) {
    return adapter.equals(DEFAULT) ? "" : adapter;
  }

  /** The names of this layer's adapters. */
  public final Set<String> adapterNames() {
    return children().entrySet().stream()
        .filter(child -> child.getValue() instanceof LoraDelta)
        .map(child -> child.getKey().isEmpty() ? DEFAULT : child.getKey())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Returns whether every adapter's delta is zero, as it is before training. */
  public final boolean updateIsZero() {
    return children().values().stream()
        .filter(LoraDelta.class::isInstance)
        .allMatch(delta -> ((LoraDelta) delta).isZero());
  }

  /** The layer that is adapted. */
  public Module pretrained() {
    return pretrained;
  }

  final Weighted weighted() {
    return (Weighted) pretrained;
  }

  final ActiveDeltas active() {
    return active;
  }
}
