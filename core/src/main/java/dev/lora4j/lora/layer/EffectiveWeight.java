package dev.lora4j.lora.layer;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** The one weight and bias that would give an adapted layer's output; gradients flow through. */
public final class EffectiveWeight {
  private final WeightedLayer base;
  private final List<? extends LayerDelta> deltas;

  EffectiveWeight(WeightedLayer base, List<? extends LayerDelta> deltas) {
    this.base = base;
    this.deltas = deltas;
  }

  /** Returns the saved tensors of the active adapters; empty if none is active. */
  public List<Parameter> parameters() {
    return deltas.stream().flatMap(delta -> delta.parameters().stream()).toList();
  }

  /**
   * Returns the weight, laid out as the pretrained layer's: {@code W + (alpha / r) B A}.
   *
   * @throws UserError if there is no such weight: in training with dropout, which does not apply to
   *     the base's input; for rows with different adapters; with groups
   */
  public Tensor weight() {
    Tensor weight = base.store().dense();
    for (LayerDelta delta : deltas) {
      weight = ofAllRows(delta).appliedTo(weight);
    }
    return weight;
  }

  /**
   * Returns the bias that goes with the weight, if the pretrained layer has one.
   *
   * @throws UserError if it has none but an adapter's B has one
   */
  public Optional<Tensor> bias() {
    Optional<Tensor> bias = base.bias().map(Parameter::tensor);
    for (LayerDelta delta : deltas) {
      LoraDelta own = ofAllRows(delta);
      bias = bias.map(own::appliedToBias);
    }
    return bias;
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
}
