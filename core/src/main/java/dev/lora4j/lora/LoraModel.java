package dev.lora4j.lora;

import dev.lora4j.UserError;
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
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen base with any number of named adapters, of which some are active.
 *
 * <p>Which adapters take part is chosen for a call ({@link #with}, {@link #withRows}), for a thread
 * ({@link #using}, {@link #disabled}), or else for the model ({@link #activate}); so many threads
 * can use different adapters of one model at once. Forwards through this class and its choices may
 * run while adapters are added, removed, renamed and swapped; merging, unmerging, unloading and
 * training must not overlap with them.
 */
public final class LoraModel {
  /** The name of the bare base in {@link #withRows}. */
  public static final String BASE = "__base__";

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
    try (AdapterScope scope = adapters.enter(adapters::choice)) {
      return base.forward(input);
    }
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
    return adapters.named(name);
  }

  /**
   * Adds a new adapter, trainable and not active yet.
   *
   * @return the paths of the layers that it adapts
   * @throws UserError if the name is taken or no good, or a target matches nothing
   */
  public synchronized List<String> add(String name, LoraConfig config) {
    return build(name, config, Planner.plan(base, config));
  }

  /**
   * Adds a new adapter that begins with what its layers are given for these examples; trainable and
   * not active yet. Its config has the ranks that the examples gave.
   *
   * @param config with {@link Initialization.Eva}
   * @return the paths of the layers that it adapts
   * @throws UserError if the examples are too few for a layer
   */
  public synchronized List<String> add(String name, LoraConfig config, List<EvaBatch> batches) {
    checkNewName(name);
    adapters.requireUnmerged("add an adapter");
    try (AdapterScope bare = disabled();
        EvaResult learned = Eva.learn(base, config, batches)) {
      LoraConfig found = learned.config();
      List<String> paths = build(name, found, Planner.planFromData(base, found));
      learned.begin(layers(), adapter(name));
      return paths;
    }
  }

  /** Adds an adapter for tensors that will say themselves what fits. */
  void addForLoading(String name, LoraConfig config) {
    build(name, config, Planner.planForLoading(base, config));
  }

  private List<String> build(String name, LoraConfig config, AdapterPlan plan) {
    checkNewName(name);
    adapters.requireUnmerged("add an adapter");
    adapters.add(AdapterBuilder.build(base, adapters, name, config, plan));
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

  /** Takes an adapter away. It is freed as soon as no forward uses it. */
  public synchronized void remove(String name) {
    Adapter adapter = adapter(name);
    adapters.requireUnmerged("remove an adapter");
    adapters.remove(adapter);
  }

  /** Gives an adapter another name. */
  public synchronized void rename(String from, String to) {
    Adapter adapter = adapter(from);
    checkNewName(to);
    adapters.rename(adapter, to);
  }

  /**
   * Makes a new adapter of others, which stay as they are; PEFT's {@code add_weighted_adapter}. It
   * adapts every layer that one of them adapts. It is trainable and not active yet.
   *
   * @param weights how much each adapter counts, by its name; a negative weight takes away
   * @throws UserError if the name is taken, an adapter is unknown, or they can't be combined so
   */
  public synchronized void combine(String name, Map<String, Double> weights, Combination how) {
    checkNewName(name);
    adapters.requireUnmerged("combine adapters");
    Combiner.combine(this, name, weights, how);
  }

  /**
   * Puts the adapter in a directory in the place of one that is in use: forwards that run end with
   * the old one, those that begin afterwards see the new one, and none sees parts of both. Rank,
   * targets and method may differ.
   *
   * @throws UserError if the new one does not fit; the old one stays then
   */
  public synchronized void swap(String name, Path directory) {
    Adapter old = adapter(name);
    String arriving = name + "-arriving";
    load(arriving, directory);
    adapters.replace(old, adapter(arriving));
  }

  // ---- choosing ----

  /** Chooses the adapters that take part in forwards: one, several (their updates add up), none. */
  public void activate(String... names) {
    adapters.requireUnmerged("activate other adapters");
    adapters.activate(adapters.named(List.of(names)));
  }

  /** The adapters that take part in the calling thread's forwards. */
  public List<String> active() {
    return adapters.choice().names();
  }

  /**
   * The network with these adapters, whichever are active: a choice for each call, which holds in
   * whatever thread makes it, such as those that share a step of training or an evaluation. It
   * computes with the adapter that has the name when a forward begins.
   *
   * @param names one, several (their updates add up), or none for the bare base
   */
  public Module with(String... names) {
    List<String> chosen = List.of(names);
    adapters.named(chosen);
    return new WithAdapters(base, adapters, chosen);
  }

  /**
   * The network for batches in which each row has an adapter of its own. The rows of all adapters
   * go through together. It keeps what it put together for these rows: use it for many forwards,
   * and close it, which leaves the network as it is.
   *
   * @param adapterOfRow a name for each row of the batch; {@link #BASE} is the bare base
   */
  public Module withRows(List<String> adapterOfRow) {
    return new WithRows(base, adapters, adapterOfRow);
  }

  /**
   * Chooses the adapters for the calling thread alone, until the scope closes. For threads that it
   * sets to work, choose by {@link #with}.
   */
  public AdapterScope using(String... names) {
    adapters.requireUnmerged("use other adapters");
    return adapters.enter(() -> new SameForAllRows(adapters.named(List.of(names))));
  }

  /** Lets the calling thread use the bare base, until the scope closes. */
  public AdapterScope disabled() {
    return using();
  }

  // ---- merging ----

  /** Adds the active adapters' updates into the base's weights, so that they cost nothing. */
  public void merge() {
    merge(Unmerging.EXACT);
  }

  /**
   * The same, with a choice of what is kept to take them out again.
   *
   * @throws UserError if a layer's weight has no place for an update; nothing is changed then
   */
  public synchronized void merge(Unmerging how) {
    adapters.requireUnmerged("merge");
    List<Adapter> active = adapters.choice().present();
    layers().values().forEach(layer -> layer.requireMergeable(active));
    TiedWeights tied = TiedWeights.of(Planner.originalModules(base));
    layers().forEach((path, layer) -> layer.refuseTiedMerge(active, path, tied));
    journal.begin(how);
    try {
      mergeParametrized(active);
      layers().values().stream()
          .distinct()
          .parallel()
          .forEach(layer -> layer.merge(active, journal));
    } catch (RuntimeException e) {
      journal.undo();
      throw e;
    }
    adapters.setMerged(!journal.isEmpty());
  }

  /**
   * Merges the active adapters, and measures on some inputs what that changes. In evaluation mode.
   *
   * @param samples inputs of the network
   * @throws UserError if a merged weight has a NaN or Inf, or the outputs change by more than the
   *     limits; the base's weights are then what they were, bit for bit
   */
  public MergeReceipt merge(List<Tensor> samples, MergeLimits limits) {
    return CheckedMerge.of(this, samples, limits);
  }

  /** Gives each parameter the value that the active adapters let the base compute with. */
  private void mergeParametrized(List<Adapter> active) {
    if (active.isEmpty()) {
      return;
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      base.namedParameters().values().stream()
          .filter(Parameter::isParametrized)
          .forEach(parameter -> journal.replace(parameter, parameter.tensor()));
    }
  }

  /**
   * Takes merged updates out again: the base's weights are what they were, bit for bit or, where
   * the merge said so, up to rounding.
   *
   * @throws UserError if the merge kept nothing for it
   */
  public synchronized void unmerge() {
    if (!journal.canUndo()) {
      throw new UserError("can't unmerge: the merge was told to keep nothing for it");
    }
    journal.undo();
    adapters.setMerged(false);
  }

  /**
   * Adds the active adapters' updates into the base's weights for good, and takes all adapters off.
   *
   * @return the base
   */
  public Module mergeAndUnload() {
    merge(Unmerging.NEVER);
    return unload();
  }

  /** Whether updates are merged into the base now. */
  public boolean isMerged() {
    return adapters.isMerged();
  }

  /**
   * Puts the base's own layers back in their places, with merged weights if they are merged, and
   * frees the adapters.
   */
  public synchronized Module unload() {
    layers().forEach((path, layer) -> base.replace(path, layer.pretrained()));
    adapters.byName().values().forEach(adapters::remove);
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
   * adapter_model.safetensors}. It works on the base as it was, whatever it began with.
   *
   * @return the number of bytes written
   */
  public long save(String name, Path directory) {
    return save(name, directory, SavedForm.PLAIN);
  }

  /**
   * The same in a form of the caller's choice.
   *
   * @throws UserError if nobody could load it in that form
   */
  public long save(String name, Path directory, SavedForm form) {
    return AdapterFiles.save(this, name, directory, form);
  }

  /**
   * Reads an adapter that this library or PEFT wrote, under a name of the caller's choice. It is
   * not active yet.
   *
   * @throws UserError if it does not fit the base, or was made on another one; the message names
   *     what differs
   */
  public synchronized void load(String name, Path directory) {
    load(name, directory, BaseCheck.SAME_BASE);
  }

  /** The same, and says whether it must be the base on which the adapter was made. */
  public synchronized void load(String name, Path directory, BaseCheck check) {
    AdapterFiles.load(this, name, directory, check);
  }

  /** What the base is, whatever adapters do; taken once, until its weights change. */
  public BaseFingerprint fingerprint() {
    return adapters.fingerprinter().of(base);
  }
}
