package dev.lora4j.lora.layer;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The modules of an adapted network, by path. */
public final class BaseModules {
  private BaseModules() {}

  public static Map<String, LoraLayer> adapted(Module network) {
    Map<String, LoraLayer> layers = new LinkedHashMap<>();
    network
        .namedModules()
        .forEach(
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
    List<String> inside = new ArrayList<>();
    network
        .namedModules()
        .forEach(
            (path, module) -> {
              if (inside.stream().anyMatch(path::startsWith)) {
                return;
              }
              if (module instanceof LoraLayer layer) {
                inside.add(path + ".");
                original.put(path, layer.pretrained());
              } else if (module instanceof AuxiliaryModule) {
                inside.add(path + ".");
              } else {
                original.put(path, module);
              }
            });
    return original;
  }
}
