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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An adapter in a model, freed when it is removed and the last forward that uses it has ended. */
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

  List<String> paths() {
    return paths;
  }

  /** Returns the tensors by PEFT's key without its prefix. */
  Map<String, Parameter> saved() {
    return tensors;
  }

  /** Returns the delta of a layer; null if it does not adapt the layer. */
  @Nullable LoraDelta delta(LoraLayer layer) {
    return deltas.get(layer);
  }

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
    return attached.isEmpty() && deltasCanShareBatch();
  }

  boolean deltasCanShareBatch() {
    return deltas.values().stream().allMatch(MixedBatchDelta::takes);
  }

  /** Returns the modules of the base that have modules of the adapter. */
  Stream<Module> owners() {
    return attached.stream().map(Attached::owner);
  }

  void rename(String newName) {
    unlist();
    name = newName;
    deltas.forEach((layer, delta) -> layer.list(newName, delta));
    attached.forEach(one -> one.owner.graft(newName + one.suffix, one.module));
  }

  /** Removes its modules from the tree; forwards can still use them. */
  void unlist() {
    deltas.keySet().forEach(layer -> layer.unlist(name));
    attached.forEach(one -> one.owner.removeChild(name + one.suffix));
  }

  boolean retain() {
    return uses.retain();
  }

  /** Ends one {@link #retain}, or the model's ownership. */
  void release() {
    uses.release();
  }

  private void free() {
    deltas.values().forEach(LoraDelta::close);
    attached.forEach(one -> one.module.remove());
  }
}
