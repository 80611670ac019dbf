package dev.lora4j.nn;

import dev.lora4j.row.RowLinear;
import dev.lora4j.row.RowProduct;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Layers that read the same input, such as those of queries, keys and values. */
public final class Siblings {
  private final List<Child> places;

  /** Layers that stand in these places. */
  public Siblings(Child... places) {
    this.places = List.of(places);
  }

  /** The layers in plain memory, for single rows; empty if not all of them can be. */
  public Optional<RowProduct> ofRows() {
    List<RowLinear> layers = places.stream().flatMap(place -> place.ofRows().stream()).toList();
    return layers.size() == places.size() ? Optional.of(new RowProduct(layers)) : Optional.empty();
  }

  /**
   * @param input {@code [batch…, in]}
   * @return what each gives, {@code [batch…, out]}, in their order
   */
  public List<Tensor> forward(Tensor input) {
    return places.stream().map(place -> place.forward(input)).toList();
  }
}
