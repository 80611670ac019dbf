package dev.lora4j.lora.layer;

import dev.lora4j.nn.DecodableLayer;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.kernel.LinearWeights;
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
public sealed class LoraLayer extends Module implements DecodableLayer permits LoraLinear {
  public static final String DEFAULT = "default";

  private final Module pretrained;
  private final ActiveDeltas active;

  LoraLayer(Module pretrained, ActiveDeltas active) {
    this.pretrained = pretrained;
    this.active = active;
    child("pretrained", pretrained);
    pretrained.freeze();
  }

  /** Wraps a layer without a copy, and freezes it. */
  public static LoraLayer over(Module layer, ActiveDeltas active) {
    return layer instanceof Linear linear
        ? new LoraLinear(linear, active)
        : new LoraLayer(layer, active);
  }

  /** Returns whether layers of this kind can be adapted. */
  public static boolean canAdapt(Module module) {
    return module instanceof Linear
        || module instanceof TransposedLinear
        || module instanceof Conv
        || module instanceof Embedding;
  }

  /** Computes the output; shapes are those of the pretrained layer. */
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
  public final Optional<LinearWeights> decodeWeights() {
    if (!(pretrained instanceof DecodableLayer base)) {
      return Optional.empty();
    }
    Optional<LinearWeights> rows = base.decodeWeights();
    for (LayerDelta delta : active.of(this)) {
      rows = rows.flatMap(delta::addTo);
    }
    return rows;
  }

  /** Returns the layer as one weight, with the adapters that are active now. */
  public final EffectiveWeight effectiveWeight() {
    return new EffectiveWeight(weighted(), active.of(this));
  }

  // ---- adapters ----

  /** Adds an adapter's delta to the module tree, under the adapter's name. */
  public void list(String adapter, LoraDelta delta) {
    graft(slot(adapter), delta);
  }

  public void unlist(String adapter) {
    removeChild(slot(adapter));
  }

  private static String slot(String adapter) {
    return adapter.equals(DEFAULT) ? "" : adapter;
  }

  /** Returns the names of this layer's adapters. */
  public final Set<String> adapterNames() {
    return children().entrySet().stream()
        .filter(child -> child.getValue() instanceof LoraDelta)
        .map(child -> child.getKey().isEmpty() ? DEFAULT : child.getKey())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Returns whether every adapter's delta is zero, as it is before training. */
  public final boolean deltaIsZero() {
    return children().values().stream()
        .filter(LoraDelta.class::isInstance)
        .allMatch(delta -> ((LoraDelta) delta).isZero());
  }

  /** Returns the adapted layer. */
  public Module pretrained() {
    return pretrained;
  }

  public final WeightedLayer weighted() {
    return (WeightedLayer) pretrained;
  }

  public final ActiveDeltas active() {
    return active;
  }
}
