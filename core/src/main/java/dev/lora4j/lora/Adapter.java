package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One named adapter in a model: its config, and all that is trained and saved of it. */
final class Adapter {
  private String name;
  private final LoraConfig config;
  private final List<String> paths;
  private final Map<String, Parameter> saved = new LinkedHashMap<>();
  private final List<Grafted> grafts = new ArrayList<>();

  private record Grafted(Module owner, String suffix, Graft graft) {}

  Adapter(String name, LoraConfig config, List<String> paths) {
    this.name = name;
    this.config = config;
    this.paths = List.copyOf(paths);
  }

  String name() {
    return name;
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

  /** Hangs a module of the adapter below one of the base, under its name and this suffix. */
  void graft(Module owner, String suffix, Graft graft) {
    owner.graft(name + suffix, graft);
    grafts.add(new Grafted(owner, suffix, graft));
  }

  /** Takes another name, and its grafts with it. */
  void rename(String to) {
    for (Grafted grafted : grafts) {
      grafted.owner.prune(name + grafted.suffix);
      grafted.owner.graft(to + grafted.suffix, grafted.graft);
    }
    name = to;
  }

  /** Takes its grafts off the base and frees them. */
  void removeGrafts() {
    for (Grafted grafted : grafts) {
      grafted.owner.prune(name + grafted.suffix);
      grafted.graft.remove();
    }
    grafts.clear();
  }
}
