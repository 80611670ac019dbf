package dev.lora4j.lora.layer;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** Parameters of an adapter, listed, moved and freed with a module of the base above them. */
public abstract class AuxiliaryModule extends Module {

  /** Undoes its changes to the base and frees it. */
  public abstract void remove();

  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("an auxiliary module has no forward");
  }
}
