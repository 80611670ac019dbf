package dev.lora4j.nn;

import dev.lora4j.row.RowLinear;
import dev.lora4j.row.RowProduct;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * Layers that read the same input, such as those of queries, keys and values. Where one text is
 * written with the help of a {@link Crew}, the products of its single row are one task for it.
 */
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
    List<Tensor> weights = new ArrayList<>();
    for (Child place : places) {
      if (inner(place.module()) instanceof Linear linear) {
        weights.add(linear.weight().tensor());
      }
    }
    if (weights.size() < places.size() || !CrewProduct.suitsTogether(input, weights)) {
      return places.stream().map(place -> place.forward(input)).toList();
    }
    return together(input, CrewProduct.oneRow(input, weights));
  }

  private List<Tensor> together(Tensor input, List<Tensor> products) {
    List<Tensor> outputs = new ArrayList<>();
    for (int i = 0; i < products.size(); i++) {
      Module module = places.get(i).module();
      Tensor y = ((Linear) inner(module)).plusBias(products.get(i));
      outputs.add(module instanceof Extended extended ? extended.onTop(y, input) : y);
    }
    return outputs;
  }

  private static Module inner(Module module) {
    return module instanceof Extended extended ? extended.inner() : module;
  }
}
