package dev.lora4j.lora;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.AuxiliaryModule;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.MixedBatchDelta;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One adapter in a model: its config, its delta of each layer, and its saved tensors. Its modules
 * are listed in the network's tree under its name for as long as it has one there; they are freed
 * when it is removed and the last forward that uses it has ended.
 */
final class Adapter {
  private volatile String name;
  private final LoraConfig config;
  private final List<String> paths;
  private final Map<String, Parameter> tensors = new LinkedHashMap<>();
  private final Map<LoraLayer, LoraDelta> deltas = new LinkedHashMap<>();
  private final List<Attached> attached = new ArrayList<>();
  private final RefCount uses = new RefCount(this::free);

  private record Attached(Module owner, String suffix, AuxiliaryModule module) {}

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

  /** The paths of the layers that it adapts. */
  List<String> paths() {
    return paths;
  }

  /** Its tensors by PEFT's key without its prefix. */
  Map<String, Parameter> saved() {
    return tensors;
  }

  /** Its delta of a layer; null if it does not adapt it. */
  @Nullable LoraDelta delta(LoraLayer layer) {
    return deltas.get(layer);
  }

  /** Its deltas by the path of the layer. */
  Map<String, LoraDelta> deltas(Map<String, LoraLayer> layers) {
    Map<String, LoraDelta> byPath = new LinkedHashMap<>();
    layers.forEach(
        (path, layer) -> {
          LoraDelta delta = deltas.get(layer);
          if (delta != null) {
            byPath.put(path, delta);
          }
        });
    return byPath;
  }

  void add(LoraLayer layer, LoraDelta delta) {
    deltas.put(layer, delta);
    layer.list(name, delta);
  }

  /** Attaches a module of the adapter below a module of the base. */
  void attach(Module owner, String suffix, AuxiliaryModule module) {
    owner.graft(name + suffix, module);
    attached.add(new Attached(owner, suffix, module));
  }

  /** Returns whether its rows can be computed together with rows of other adapters. */
  boolean canShareBatch() {
    return attached.isEmpty() && deltas.values().stream().allMatch(MixedBatchDelta::takes);
  }

  /** Lists its modules under another name. */
  void rename(String newName) {
    unlist();
    name = newName;
    deltas.forEach((layer, delta) -> layer.list(newName, delta));
    attached.forEach(one -> one.owner.graft(newName + one.suffix, one.module));
  }

  /** Takes its modules out of the tree; forwards can still use them. */
  void unlist() {
    deltas.keySet().forEach(layer -> layer.unlist(name));
    attached.forEach(one -> one.owner.prune(name + one.suffix));
  }

  boolean retain() {
    return uses.retain();
  }

  /** Ends one {@link #retain}, or the model's own hold on it. */
  void release() {
    uses.release();
  }

  private void free() {
    deltas.values().forEach(LoraDelta::close);
    attached.forEach(one -> one.module.remove());
  }
}
