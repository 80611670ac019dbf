package dev.lora4j.nn;

import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.LinearWeights;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Layers that share an input, such as the projections to queries, keys and values. */
public final class SharedInput {
  private final List<Slot> slots;

  /** Groups the occupants of these slots. */
  public SharedInput(Slot... slots) {
    this.slots = List.of(slots);
  }

  /** The layers as one product in decoding; empty unless decoding has a kernel for each. */
  public Optional<FusedLinear> decodeWeights() {
    List<LinearWeights> layers =
        slots.stream().flatMap(slot -> slot.decodeWeights().stream()).toList();
    return layers.size() == slots.size() ? Optional.of(new FusedLinear(layers)) : Optional.empty();
  }

  /**
   * @param input {@code [batch…, in]}
   * @return the output of each layer, {@code [batch…, out]}, in order
   */
  public List<Tensor> forward(Tensor input) {
    return slots.stream().map(slot -> slot.forward(input)).toList();
  }
}
