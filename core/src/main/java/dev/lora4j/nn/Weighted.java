package dev.lora4j.nn;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer that is one weight applied to its input, perhaps with a bias added. Whoever wants to know
 * what the layer would say with another weight can ask.
 */
public interface Weighted {

  /** The weight; each layer says its shape. */
  Parameter weight();

  /** The bias, where there is one. */
  Optional<Parameter> bias();

  /** The layer's output with this weight and this bias in the place of its own. */
  Tensor forwardWith(Tensor input, Tensor weight, @Nullable Tensor bias);

  /** The axis of the weight along which the output's features lie. */
  int outputAxis();
}
