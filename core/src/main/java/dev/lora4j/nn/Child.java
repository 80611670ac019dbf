package dev.lora4j.nn;

import dev.lora4j.row.RowLinear;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * A named place in a module. Who stands in it can be replaced, by an adapted layer for instance,
 * and the forward that calls the place need not know.
 */
public final class Child {
  private volatile Module occupant;

  Child(Module occupant) {
    this.occupant = occupant;
  }

  /** Passes the input to whoever stands here. */
  public Tensor forward(Tensor input) {
    return occupant.forward(input);
  }

  /** Who stands here as a layer of single rows in plain memory; empty if it is not one. */
  public Optional<RowLinear> ofRows() {
    return occupant instanceof RowLayer layer ? layer.ofRows() : Optional.empty();
  }

  /** Who stands here now. */
  public Module module() {
    return occupant;
  }

  void replace(Module replacement) {
    occupant = replacement;
  }
}
