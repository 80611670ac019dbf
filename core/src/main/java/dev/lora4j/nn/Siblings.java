package dev.lora4j.nn;

import dev.lora4j.row.RowLinear;
import dev.lora4j.row.RowProduct;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Layers that share an input, such as the projections to queries, keys and values. */
public final class Siblings {
  private final List<Child> places;

  /** Groups the occupants of these slots. */
  public Siblings(Child... places) {
    this.places = List.of(places);
  }

  /** The layers as one product in decoding; empty unless decoding has a kernel for each. */
  public Optional<RowProduct> ofRows() {
    List<RowLinear> layers = places.stream().flatMap(place -> place.ofRows().stream()).toList();
    return layers.size() == places.size() ? Optional.of(new RowProduct(layers)) : Optional.empty();
  }

  /**
   * @param input {@code [batch…, in]}
   * @return the output of each layer, {@code [batch…, out]}, in order
   */
  public List<Tensor> forward(Tensor input) {
    return places.stream().map(place -> place.forward(input)).toList();
  }
}
