package dev.lora4j.lora.init;

import org.bytedeco.pytorch.Tensor;

/** The weights of a network's layers before they were quantised. */
@FunctionalInterface
public interface OriginalWeights {

  /**
   * Returns the weight of the layer at a path, laid out as the layer's own, in floating point; in
   * the caller's pointer scope.
   *
   * @throws dev.lora4j.UserError if there is none
   */
  Tensor weight(String path);
}
