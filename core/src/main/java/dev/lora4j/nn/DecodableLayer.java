package dev.lora4j.nn;

import dev.lora4j.nn.kernel.LinearWeights;
import java.util.Optional;

/** A layer that decoding may compute by matrix-vector products in plain memory. */
public interface DecodableLayer {

  /**
   * Returns the layer's present weight, bias and low-rank terms on the calling thread, without a
   * gradient; empty unless all are float32 in plain CPU memory. The memory lives at least as long
   * as the open pointer scope.
   */
  Optional<LinearWeights> decodeWeights();
}
