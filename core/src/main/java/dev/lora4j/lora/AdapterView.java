package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A view of a network with some of its adapters active; it shares all modules with the network. */
final class AdapterView extends Module {
  private final Module base;
  private final AdapterRegistry adapters;
  private final List<String> names;

  AdapterView(Module base, AdapterRegistry adapters, List<String> names) {
    this.base = base;
    this.adapters = adapters;
    this.names = names;
    train(base.isTraining());
    child("", base);
  }

  @Override
  public Tensor forward(Tensor input) {
    adapters.requireUnmerged("use other adapters");
    try (AdapterScope scope = adapters.enter(() -> new UniformAdapters(adapters.named(names)))) {
      return base.forward(input);
    }
  }

  /** Does nothing: the modules are the network's. */
  @Override
  public void close() {}
}
