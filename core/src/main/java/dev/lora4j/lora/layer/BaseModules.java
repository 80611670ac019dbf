package dev.lora4j.lora.layer;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** The modules of an adapted network, by path. */
public final class BaseModules {
  private BaseModules() {}

  public static Map<String, LoraLayer> adapted(Module network) {
    Map<String, LoraLayer> layers = new LinkedHashMap<>();
    visit(
        "",
        network,
        (path, module) -> {
          if (module instanceof LoraLayer layer) {
            layers.put(path, layer);
          }
        });
    return layers;
  }

  /** Returns the parameters of the bare network by path; a shared one at each of its paths. */
  public static Map<String, Parameter> parameters(Module network) {
    Map<String, Parameter> parameters = new LinkedHashMap<>(network.ownParameters());
    original(network)
        .forEach(
            (path, module) ->
                module
                    .ownParameters()
                    .forEach((name, own) -> parameters.put(path + "." + name, own)));
    return parameters;
  }

  /** Returns the modules of the bare network, without adapters. */
  public static Map<String, Module> original(Module network) {
    Map<String, Module> original = new LinkedHashMap<>();
    visit(
        "",
        network,
        (path, module) ->
            original.put(path, module instanceof LoraLayer layer ? layer.pretrained() : module));
    return original;
  }

  /**
   * Visits the modules of the base and the adapted layers, parents first. The cost does not depend
   * on the number of adapters.
   */
  private static void visit(String prefix, Module module, BiConsumer<String, Module> visitor) {
    module
        .children()
        .forEach(
            (name, child) -> {
              if (child instanceof AuxiliaryModule) {
                return;
              }
              if (!name.isEmpty()) {
                visitor.accept(prefix + name, child);
              }
              if (!(child instanceof LoraLayer)) {
                visit(name.isEmpty() ? prefix : prefix + name + ".", child, visitor);
              }
            });
  }
}
