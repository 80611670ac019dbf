package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen base with any number of named adapters, of which some are active.
 *
 * <p>Which adapters take part in a forward is the model's choice ({@link #activate}), unless the
 * calling thread chose for itself ({@link #using}, {@link #disabled}); so many threads can use
 * different adapters of one model at once. Adding, removing and merging must not overlap with a
 * forward.
 */
public final class LoraModel {
  private final Module base;
  private final Adapters adapters;
  private final MergeJournal journal;

  LoraModel(Module base, Adapters adapters) {
    this.base = base;
    this.adapters = adapters;
    journal = adapters.journal();
    if (layers().isEmpty()) {
      base.freeze();
    }
  }

  /** Passes an input through the base and the active adapters. */
  public Tensor forward(Tensor input) {
    return base.forward(input);
  }

  /** The network, adapted layers included. */
  public Module base() {
    return base;
  }

  /** The adapted layers by path. */
  public Map<String, LoraLayer> layers() {
    Map<String, LoraLayer> layers = new LinkedHashMap<>();
    base.namedModules()
        .forEach(
            (path, module) -> {
              if (module instanceof LoraLayer layer) {
                layers.put(path, layer);
              }
            });
    return layers;
  }

  // ---- adapters by name ----

  /** The names of all adapters, in the order of their adding. */
  public Set<String> adapterNames() {
    return Collections.unmodifiableSet(new LinkedHashSet<>(adapters.byName().keySet()));
  }

  /** How an adapter was made. */
  public LoraConfig config(String name) {
    return adapter(name).config();
  }

  Adapter adapter(String name) {
    Adapter adapter = adapters.byName().get(name);
    if (adapter == null) {
      throw new UserError(
          "no adapter '" + name + "'" + NearMiss.hint(name, adapters.byName().keySet()));
    }
    return adapter;
  }

  /**
   * Adds a new adapter, trainable and not active yet.
   *
   * @return the paths of the layers that it adapts
   * @throws UserError if the name is taken or no good, or a target matches nothing
   */
  public List<String> add(String name, LoraConfig config) {
    return build(name, config, Planner.plan(base, config));
  }

  /** Adds an adapter for tensors that will say themselves what fits. */
  void addForLoading(String name, LoraConfig config) {
    build(name, config, Planner.planForLoading(base, config));
  }

  private List<String> build(String name, LoraConfig config, AdapterPlan plan) {
    checkNewName(name);
    requireUnmerged("add an adapter");
    Adapter adapter = AdapterBuilder.build(base, adapters, name, config, plan);
    adapters.byName().put(name, adapter);
    return plan.paths();
  }

  private void checkNewName(String name) {
    if (!name.matches("[A-Za-z0-9_-]+") || Set.of("pretrained", "A", "B").contains(name)) {
      throw new UserError(
          "'"
              + name
              + "' can't name an adapter: use letters, digits, - and _, and none of"
              + " pretrained, A, B");
    }
    if (adapters.byName().containsKey(name)) {
      throw new UserError("there is an adapter '" + name + "' already; remove it first");
    }
  }

  /** Takes an adapter away and frees it. */
  public void remove(String name) {
    Adapter adapter = adapter(name);
    requireUnmerged("remove an adapter");
    adapters.remove(name);
    adapter.removeGrafts();
    layers().values().forEach(layer -> layer.remove(name));
  }

  /**
   * Gives an adapter another name. Must not overlap with a forward, nor with another thread's
   * scope.
   */
  public void rename(String from, String to) {
    Adapter adapter = adapter(from);
    checkNewName(to);
    adapters.rename(from, to);
    adapter.rename(to);
    layers().values().stream().distinct().forEach(layer -> layer.rename(from, to));
  }

  /**
   * Makes a new adapter of others, which stay as they are; PEFT's {@code add_weighted_adapter}. It
   * adapts every layer that one of them adapts. It is trainable and not active yet.
   *
   * @param weights how much each adapter counts, by its name; a negative weight takes away
   * @throws UserError if the name is taken, an adapter is unknown, or they can't be combined so
   */
  public void combine(String name, Map<String, Double> weights, Combination how) {
    checkNewName(name);
    requireUnmerged("combine adapters");
    Combiner.combine(this, name, weights, how);
  }

  /** Chooses the adapters that take part in forwards: one, several (their updates add up), none. */
  public void activate(String... names) {
    requireUnmerged("activate other adapters");
    adapters.activate(known(names));
  }

  /** The adapters that take part in the calling thread's forwards. */
  public List<String> active() {
    return adapters.active();
  }

  /**
   * Chooses the adapters for the calling thread alone, until the scope closes. Threads that it sets
   * to work, such as those that share a training step, keep the model's choice.
   */
  public AdapterScope using(String... names) {
    requireUnmerged("use other adapters");
    return adapters.choose(known(names));
  }

  /** Lets the calling thread use the bare base, until the scope closes. */
  public AdapterScope disabled() {
    return using();
  }

  private List<String> known(String... names) {
    for (String name : names) {
      config(name);
    }
    return Stream.of(names).distinct().toList();
  }

  // ---- merging ----

  /** Adds the active adapters' updates into the base's weights, so that they cost nothing. */
  public void merge() {
    requireUnmerged("merge");
    try {
      merged().forEach(journal::change);
    } catch (RuntimeException e) {
      journal.undo();
      throw e;
    }
    adapters.setMerged(!journal.isEmpty());
  }

  /**
   * What merging the active adapters would make of the base's parameters, which stay as they are:
   * by the parameter's path in the bare network, those that the adapters have a say in. A value is
   * computed whenever it is asked for, in float32 where the base is narrower, and belongs to the
   * caller's pointer scope.
   */
  public Map<String, Supplier<Tensor>> mergedParameters() {
    requireUnmerged("compute what merging gives");
    Map<Parameter, Supplier<Tensor>> merged = merged();
    Map<String, Supplier<Tensor>> byPath = new LinkedHashMap<>();
    addByPath("", base, merged, byPath);
    Planner.originalModules(base)
        .forEach((path, module) -> addByPath(path + ".", module, merged, byPath));
    return byPath;
  }

  private static void addByPath(
      String prefix,
      Module module,
      Map<Parameter, Supplier<Tensor>> merged,
      Map<String, Supplier<Tensor>> byPath) {
    module
        .ownParameters()
        .forEach(
            (name, parameter) -> {
              Supplier<Tensor> value = merged.get(parameter);
              if (value != null) {
                byPath.put(prefix + name, withoutGradient(value));
              }
            });
  }

  private static Supplier<Tensor> withoutGradient(Supplier<Tensor> value) {
    return () -> {
      try (NoGradGuard guard = new NoGradGuard()) {
        return value.get();
      }
    };
  }

  private Map<Parameter, Supplier<Tensor>> merged() {
    Map<Parameter, Supplier<Tensor>> merged = new LinkedHashMap<>();
    if (!active().isEmpty()) {
      base.namedParameters().values().stream()
          .filter(Parameter::isParametrized)
          .forEach(parameter -> merged.put(parameter, parameter::tensor));
      layers().values().stream().distinct().forEach(layer -> layer.addMerged(merged));
    }
    return merged;
  }

  /** Takes merged updates out again: the base's weights are what they were, bit for bit. */
  public void unmerge() {
    journal.undo();
    adapters.setMerged(false);
  }

  /** Whether updates are merged into the base now. */
  public boolean isMerged() {
    return adapters.isMerged();
  }

  private void requireUnmerged(String action) {
    if (isMerged()) {
      throw new UserError("can't " + action + " while adapters are merged; unmerge first");
    }
  }

  /**
   * Puts the base's own layers back in their places, with merged weights if they are merged, and
   * frees the adapters.
   */
  public Module unload() {
    layers()
        .forEach(
            (path, layer) -> {
              base.replace(path, layer.pretrained());
              layer.closeAdapters();
            });
    for (String name : List.copyOf(adapters.byName().keySet())) {
      adapter(name).removeGrafts();
      adapters.remove(name);
    }
    journal.forget();
    adapters.setMerged(false);
    return base;
  }

  // ---- training and files ----

  /** All that is trained of an adapter, layer by layer. */
  public List<Parameter> parameters(String name) {
    return adapter(name).saved().values().stream().distinct().toList();
  }

  /** Whether a layer that an adapter adapts keeps its weight as {@code [in, out]}. */
  boolean hasTransposed(Adapter adapter) {
    return layers().entrySet().stream()
        .filter(entry -> adapter.paths().contains(entry.getKey()))
        .anyMatch(entry -> entry.getValue().pretrained() instanceof TransposedLinear);
  }

  /**
   * Writes an adapter as PEFT does: {@code adapter_config.json} and {@code
   * adapter_model.safetensors}.
   *
   * @return the number of bytes written
   */
  public long save(String name, Path directory) {
    return AdapterFiles.save(this, name, directory);
  }

  /**
   * Reads an adapter that this library or PEFT wrote, under a name of the caller's choice. It is
   * not active yet.
   *
   * @throws UserError if it does not fit the base; the message names layer, expected and found
   */
  public void load(String name, Path directory) {
    AdapterFiles.load(this, name, directory);
  }

  /**
   * Writes an adapter as {@link #save(String, Path)} does, its numbers in another format.
   *
   * @param dtype one of F64, F32, F16 and BF16
   * @return the number of bytes written
   * @throws UserError if a number is too large for the format
   */
  public long save(String name, Path directory, DType dtype) {
    return AdapterFiles.save(this, name, directory, dtype);
  }

  /**
   * Writes all adapters as PEFT does: {@code default} into the directory itself, each other into a
   * folder of its name.
   *
   * @return the number of bytes written
   */
  public long saveAll(Path directory) {
    return AdapterFiles.saveAll(this, directory);
  }

  /**
   * Reads all adapters that {@link #saveAll} or PEFT wrote into a directory; none is active yet.
   *
   * @return their names
   * @throws UserError if one does not fit; then none has been added
   */
  public List<String> loadAll(Path directory) {
    return AdapterFiles.loadAll(this, directory);
  }

  /**
   * Adds an adapter that was read, under a name of the caller's choice. It is not active yet.
   *
   * @throws UserError if it does not fit the base; the message names layer, expected and found
   */
  public void load(String name, StoredAdapter stored) {
    AdapterFiles.put(this, name, stored);
  }

  /** An adapter by itself, to be written in any format. Its tensors stay the model's. */
  public StoredAdapter stored(String name) {
    return AdapterFiles.stored(this, name);
  }
}
