package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One adapter in a model: its config, and all that is trained and saved of it. Its parts stand in
 * the network's tree under its name for as long as it has one there; they are freed when it is
 * taken away and the last forward that uses it has ended.
 */
final class Adapter {
  private volatile String name;
  private final LoraConfig config;
  private final List<String> paths;
  private final Map<String, Parameter> saved = new LinkedHashMap<>();
  private final Set<LoraLayer> layers = new LinkedHashSet<>();
  private final List<Grafted> grafts = new ArrayList<>();
  private final UseCount uses = new UseCount(this::free);

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

  /** Takes note of a layer that has an update of this adapter. */
  void updates(LoraLayer layer) {
    layers.add(layer);
  }

  /** Hangs a part of the adapter below a module of the base. */
  void graft(Module owner, String suffix, Graft graft) {
    owner.graft(name + suffix, graft);
    grafts.add(new Grafted(owner, suffix, graft));
  }

  /** Whether a batch in which other rows have other adapters can go through its layers at once. */
  boolean canShareBatch() {
    return grafts.isEmpty() && layers.stream().allMatch(layer -> layer.canShareBatch(this));
  }

  /** Its parts stand in the tree under this name from now on. */
  void rename(String newName) {
    takeOffTree();
    name = newName;
    layers.forEach(layer -> layer.name(this));
    grafts.forEach(grafted -> grafted.owner.graft(newName + grafted.suffix, grafted.graft));
  }

  /** Its parts can't be found in the tree any more; forwards can still use it. */
  void takeOffTree() {
    layers.forEach(layer -> layer.unname(this));
    grafts.forEach(grafted -> grafted.owner.prune(name + grafted.suffix));
  }

  boolean retain() {
    return uses.retain();
  }

  /** Ends one {@link #retain}, or the model's own hold on it. */
  void release() {
    uses.release();
  }

  private void free() {
    layers.forEach(layer -> layer.remove(this));
    grafts.forEach(grafted -> grafted.graft.remove());
  }
}
