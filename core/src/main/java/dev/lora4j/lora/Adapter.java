package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One named adapter in a model: its config, and all that is trained and saved of it. */
final class Adapter {
  private final LoraConfig config;
  private final List<String> paths;
  private final Map<String, Parameter> saved = new LinkedHashMap<>();
  private final List<Grafted> grafts = new ArrayList<>();

  private record Grafted(Module owner, String name, Graft graft) {}

  Adapter(LoraConfig config, List<String> paths) {
    this.config = config;
    this.paths = List.copyOf(paths);
  }

  LoraConfig config() {
    return config;
  }

  /** The layers that it adapts. */
  List<String> paths() {
    return paths;
  }

  /** Its tensors by PEFT's key without its prefix. */
  Map<String, Parameter> saved() {
    return saved;
  }

  /** Hangs a module of the adapter below one of the base. */
  void graft(Module owner, String name, Graft graft) {
    owner.graft(name, graft);
    grafts.add(new Grafted(owner, name, graft));
  }

  /** Takes its grafts off the base and frees them. */
  void removeGrafts() {
    for (Grafted grafted : grafts) {
      grafted.owner.prune(grafted.name);
      grafted.graft.remove();
    }
    grafts.clear();
  }
}
