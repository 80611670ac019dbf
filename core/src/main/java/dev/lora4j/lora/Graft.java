package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Parameters of an adapter that hang below a module of the base, and by which the base computes
 * with something else than its own parameters while the adapter is active. It is found in the tree,
 * and not called.
 */
abstract sealed class Graft extends Module permits Replacements, ParameterUpdate {

  /** The base computes with its own parameters again; what was grafted is freed. */
  abstract void remove();

  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("a graft has no forward");
  }
}
