package dev.lora4j.lora.layer;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Parameters of an adapter that are attached below a module of the base, so that they are listed,
 * moved and freed with it; no forward calls it.
 */
public abstract class AuxiliaryModule extends Module {

  /** Undoes its changes to the base and frees it. */
  public abstract void remove();

  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("an auxiliary module has no forward");
  }
}
