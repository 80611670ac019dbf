package dev.lora4j.lora.init;

import dev.lora4j.nn.Module;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** A wrapper around a layer that reports the layer's input before running it. */
public final class InputRecorder extends Module {
  private final Module layer;
  private final Consumer<Tensor> seen;

  InputRecorder(Module layer, Consumer<Tensor> seen) {
    this.layer = layer;
    this.seen = seen;
    child("recorded", layer);
  }

  @Override
  public Tensor forward(Tensor input) {
    seen.accept(input);
    return layer.forward(input);
  }
}
