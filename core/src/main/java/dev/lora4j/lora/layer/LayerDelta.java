package dev.lora4j.lora.layer;

import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.LinearWeights;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A term that an adapted layer adds to its base's output. */
public interface LayerDelta {

  /** Returns {@code y + ΔW x}, where y, the output so far, may be overwritten. */
  Tensor addTo(Tensor y, Tensor x);

  /** Returns the saved tensors from which it is computed, of all adapters of a mixed batch. */
  List<Parameter> parameters();

  /**
   * Returns a layer with the delta as decoding computes it; empty if decoding has no kernel for it.
   */
  default Optional<LinearWeights> addTo(LinearWeights layer) {
    return Optional.empty();
  }
}
