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
  private final List<Graft> grafts = new ArrayList<>();

  private record Graft(Module owner, String name, Module grafted) {}

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
  void graft(Module owner, String name, Module grafted) {
    owner.graft(name, grafted);
    grafts.add(new Graft(owner, name, grafted));
  }

  void merge(MergeJournal journal) {
    for (Graft graft : grafts) {
      if (graft.grafted instanceof Replacements replacements) {
        replacements.merge(journal);
      } else if (graft.grafted instanceof ParameterUpdate update) {
        update.merge(journal);
      }
    }
  }

  /** Takes its grafts off the base and frees them. */
  void removeGrafts() {
    for (Graft graft : grafts) {
      graft.owner.prune(graft.name);
      if (graft.grafted instanceof Replacements replacements) {
        replacements.remove();
      } else if (graft.grafted instanceof ParameterUpdate update) {
        update.remove();
      }
    }
    grafts.clear();
  }
}
