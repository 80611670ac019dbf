package dev.lora4j.nn;

import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.LinearWeights;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Layers that share an input, such as the projections to queries, keys and values. */
public final class SharedInput {
  private final List<Slot> places;

  /** Groups the occupants of these slots. */
  public SharedInput(Slot... places) {
    this.places = List.of(places);
  }

  /** The layers as one product in decoding; empty unless decoding has a kernel for each. */
  public Optional<FusedLinear> ofRows() {
    List<LinearWeights> layers = places.stream().flatMap(place -> place.ofRows().stream()).toList();
    return layers.size() == places.size() ? Optional.of(new FusedLinear(layers)) : Optional.empty();
  }

  /**
   * @param input {@code [batch…, in]}
   * @return the output of each layer, {@code [batch…, out]}, in order
   */
  public List<Tensor> forward(Tensor input) {
    return places.stream().map(place -> place.forward(input)).toList();
  }
}
