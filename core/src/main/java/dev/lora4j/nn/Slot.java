package dev.lora4j.nn;

import dev.lora4j.nn.kernel.LinearWeights;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A named slot of a module; its occupant can be replaced, for instance by an adapted layer. */
public final class Slot {
  private volatile Module occupant;

  Slot(Module occupant) {
    this.occupant = occupant;
  }

  public Tensor forward(Tensor input) {
    return occupant.forward(input);
  }

  /** The occupant as decoding computes it; empty if decoding has no kernel for it. */
  public Optional<LinearWeights> decodeWeights() {
    return occupant instanceof DecodableLayer layer ? layer.decodeWeights() : Optional.empty();
  }

  public Module module() {
    return occupant;
  }

  void replace(Module replacement) {
    occupant = replacement;
  }
}
