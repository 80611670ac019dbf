package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A network as it is with some of its adapters: what it is made of is the network's own. */
final class AdapterView extends Module {
  private final Module base;
  private final AdapterRegistry adapters;
  private final List<String> names;

  AdapterView(Module base, AdapterRegistry adapters, List<String> names) {
    this.base = base;
    this.adapters = adapters;
    this.names = names;
    child("", base);
  }

  @Override
  public Tensor forward(Tensor input) {
    adapters.requireUnmerged("use other adapters");
    try (AdapterScope scope = adapters.enter(() -> new UniformAdapters(adapters.named(names)))) {
      return base.forward(input);
    }
  }

  /** Leaves the network as it is. */
  @Override
  public void close() {}
}
