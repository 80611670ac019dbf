package dev.lora4j.lora.layer;

import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A term that an adapted layer adds to its base's output. */
public interface LayerDelta {

  /**
   * Returns {@code y + ΔW x}.
   *
   * @param y the output of the base and of the deltas before this one; may be overwritten
   * @param x the layer's input
   */
  Tensor addTo(Tensor y, Tensor x);

  /**
   * Returns the saved tensors from which it is computed; for a mixed batch, those of every adapter.
   */
  List<Parameter> parameters();

  /**
   * Returns the delta as decoding computes it, token by token in plain memory; empty if it is not a
   * plain low-rank product there.
   */
  default Optional<LowRank> decodeWeights() {
    return Optional.empty();
  }
}
