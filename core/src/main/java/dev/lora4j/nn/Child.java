package dev.lora4j.nn;

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

  /** Who stands here now. */
  public Module module() {
    return occupant;
  }

  void replace(Module replacement) {
    occupant = replacement;
  }
}
