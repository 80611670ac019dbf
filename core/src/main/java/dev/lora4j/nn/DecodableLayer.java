package dev.lora4j.nn;

import dev.lora4j.nn.kernel.LinearWeights;
import java.util.Optional;

/** A layer that decoding may compute by matrix-vector products in plain memory. */
public interface DecodableLayer {

  /**
   * Returns the present weights without a gradient, empty unless in float32 on the CPU; the memory
   * lives at least as long as the open pointer scope.
   */
  Optional<LinearWeights> decodeWeights();
}
