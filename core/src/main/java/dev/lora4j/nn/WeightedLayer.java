package dev.lora4j.nn;

import dev.lora4j.UserError;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A layer that applies one weight to its input, and perhaps adds a bias. */
public interface WeightedLayer {

  /** The weight, however it is stored; each layer documents its shape. */
  WeightStore store();

  /**
   * Returns the same layer with its weight in another storage; it shares the bias.
   *
   * @param other a weight of the same shape
   * @throws UserError if layers of this kind can't have it
   */
  default Module withStore(WeightStore other) {
    throw new UserError(
        "%s can't compute with a weight in %s; Linear and Embedding can"
            .formatted(getClass().getSimpleName(), other.describe()));
  }

  /** Number of inputs of a layer with a matrix as weight. */
  default long inFeatures() {
    return store().shape()[1 - outputAxis()];
  }

  default long outFeatures() {
    return store().shape()[outputAxis()];
  }

  /**
   * Returns the parameter of a dense weight.
   *
   * @throws UserError if the weight is quantised; {@link #store} serves any weight
   */
  default Parameter weight() {
    return store().parameter();
  }

  default Optional<Parameter> bias() {
    return Optional.empty();
  }

  /** Returns the layer's output with this weight and this bias instead of its own. */
  Tensor forwardWith(Tensor input, Tensor weight, @Nullable Tensor bias);

  /** Returns the layer's output without its bias. */
  default Tensor withoutBias(Tensor input) {
    return forwardWith(input, store().dense(), null);
  }

  /** The axis of the weight along which the output features are laid out. */
  default int outputAxis() {
    return 0;
  }
}
