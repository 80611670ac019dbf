package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.config.AdapterPlan;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.TargetResolver;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.BaseFingerprint;
import dev.lora4j.lora.format.SavedForm;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.init.OriginalWeights;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.merge.MergeLimits;
import dev.lora4j.lora.merge.MergeReceipt;
import dev.lora4j.lora.merge.Merging;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen base model with any number of named adapters; any of them can be active.
 *
 * <p>Adapters are activated for a call ({@link #with}, {@link #withRows}), for a thread ({@link
 * #using}, {@link #disabled}), or else for the model ({@link #activate}), so threads can use
 * different adapters of one model at the same time. Forwards through this class and its views may
 * run while adapters are added, removed, renamed and swapped; merging, unmerging, unloading and
 * training must not overlap with them.
 */
public final class LoraModel {
  /** The name of the bare base in {@link #withRows}. */
  public static final String BASE = "__base__";

  private final Module base;
  private final AdapterRegistry adapters;

  LoraModel(Module base, AdapterRegistry adapters) {
    this.base = base;
    this.adapters = adapters;
    if (layers().isEmpty()) {
      base.freeze();
    }
  }

  /** Returns the output of the base and the active adapters. */
  public Tensor forward(Tensor input) {
    try (AdapterScope scope = usingActive()) {
      return base.forward(input);
    }
  }

  /** Returns the network, including adapted layers. */
  public Module base() {
    return base;
  }

  public Map<String, LoraLayer> layers() {
    return BaseModules.adapted(base);
  }

  // ---- adapters by name ----

  /** Returns the names of all adapters, in the order in which they were added. */
  public Set<String> adapterNames() {
    return Collections.unmodifiableSet(new LinkedHashSet<>(adapters.byName().keySet()));
  }

  public LoraConfig config(String name) {
    return adapter(name).config();
  }

  Adapter adapter(String name) {
    return adapters.named(name);
  }

  AdapterRegistry adapters() {
    return adapters;
  }

  /**
   * Adds a new adapter, trainable and inactive.
   *
   * @return the paths of the adapted layers
   * @throws UserError if the name is taken or invalid, or a target matches nothing
   */
  public synchronized List<String> add(String name, LoraConfig config) {
    return build(name, config, TargetResolver.plan(base, config));
  }

  /**
   * Adds a new adapter, trainable and inactive, initialised from its layers' inputs for these
   * examples. Its config has the ranks that EVA found.
   *
   * @param config with {@link Initialization.Eva}
   * @return the paths of the layers that it adapts
   * @throws UserError if the examples are too few for a layer
   */
  public synchronized List<String> add(String name, LoraConfig config, List<EvaBatch> batches) {
    return InformedStart.eva(this, name, config, batches);
  }

  /** Adds a new adapter, initialised as {@link Lora#adaptByLoftq}. */
  public synchronized List<String> add(String name, LoraConfig config, OriginalWeights originals) {
    return InformedStart.loftq(this, name, config, originals);
  }

  /** Adds an adapter that is checked against its tensors, which are copied in later. */
  void addForLoading(String name, LoraConfig config) {
    build(name, config, TargetResolver.planForLoading(base, config));
  }

  List<String> build(String name, LoraConfig config, AdapterPlan plan) {
    requireFree(name);
    adapters.add(AdapterBuilder.build(base, adapters, name, config, plan));
    return plan.paths();
  }

  void requireFree(String name) {
    adapters.requireNewName(name);
    adapters.requireUnmerged("add an adapter");
  }

  /**
   * Lays out the factors of an adapter for decoding, before its first use. The outputs stay the
   * same up to rounding; the decoding of a row takes less time: 7 ms instead of 12 for the terms of
   * 8 adapters of rank 8 on all linear layers of SmolLM2-135M (a core of a Xeon, MKL).
   */
  public synchronized void layOutForDecoding(String name) {
    adapter(name).deltas(layers()).values().forEach(LoraDelta::layOutForDecoding);
  }

  /** Removes an adapter. It is freed as soon as no forward uses it. */
  public synchronized void remove(String name) {
    Adapter adapter = adapter(name);
    adapters.requireUnmerged("remove an adapter");
    adapters.remove(adapter);
  }

  public synchronized void rename(String from, String to) {
    Adapter adapter = adapter(from);
    adapters.requireNewName(to);
    adapters.rename(adapter, to);
  }

  /**
   * Combines adapters into a new one, trainable and inactive, as PEFT's {@code
   * add_weighted_adapter} does. It adapts every layer that one of them adapts; they do not change.
   *
   * @param weights the weight of each adapter, by its name; a negative one subtracts
   * @throws UserError if the name is taken, an adapter is unknown, or they can't be combined this
   *     way
   */
  public synchronized void combine(String name, Map<String, Double> weights, Combination how) {
    adapters.requireNewName(name);
    adapters.requireUnmerged("combine adapters");
    Combiner.combine(this, name, weights, how);
  }

  /**
   * Replaces an adapter that is in use by the one in a directory: running forwards end with the old
   * one, later ones use the new one, and none uses parts of both. Rank, targets and method may
   * differ.
   *
   * @throws UserError if the new one does not fit; the old one stays then
   */
  public synchronized void swap(String name, Path directory) {
    Adapter old = adapter(name);
    String arriving = name + "-arriving";
    load(arriving, directory);
    adapters.replace(old, adapter(arriving));
  }

  // ---- active adapters ----

  /** Activates adapters for the model: one, several (their deltas add up), or none. */
  public void activate(String... names) {
    adapters.requireUnmerged("activate other adapters");
    adapters.activate(adapters.named(List.of(names)));
  }

  /** Returns the names of the active adapters in the calling thread's forwards. */
  public List<String> active() {
    return adapters.active().names();
  }

  /**
   * Returns a view of the network with one, several (their deltas add up) or no adapters active in
   * any thread that calls it. Each forward uses the adapter that has the name when it begins.
   */
  public Module with(String... names) {
    List<String> chosen = List.of(names);
    adapters.named(chosen);
    return new AdapterView(base, adapters, chosen);
  }

  /**
   * Returns a view of the network for mixed batches: each row has its own adapter, {@link #BASE}
   * for none. All are computed together, from cached deltas: use it for many forwards, then close
   * it.
   */
  public Module withRows(List<String> adapterOfRow) {
    return new MixedBatchView(base, adapters, adapterOfRow);
  }

  /** Activates adapters for the calling thread only, until the scope closes. */
  public AdapterScope using(String... names) {
    adapters.requireUnmerged("use other adapters");
    return adapters.enter(() -> new UniformAdapters(adapters.named(List.of(names))));
  }

  /** Keeps the now active adapters for the calling thread until the scope closes. */
  public AdapterScope usingActive() {
    return adapters.enter(adapters::active);
  }

  /** Disables all adapters for the calling thread, until the scope closes. */
  public AdapterScope disabled() {
    return using();
  }

  // ---- merging ----

  /** Merges the active adapters into the base's weights, so that the forward has no extra cost. */
  public void merge() {
    merge(Unmerging.EXACT);
  }

  /**
   * Merges the active adapters, to be unmerged in this way.
   *
   * @throws UserError if a delta can't be added to a layer's weight; nothing is changed
   */
  public synchronized void merge(Unmerging how) {
    adapters.merge().merge(how, this::merging);
  }

  private Merging merging() {
    UniformAdapters active = new UniformAdapters(adapters.active().adapters());
    return new Merging(base, !active.adapters().isEmpty(), active::of);
  }

  /**
   * Merges the active adapters and measures on samples, in evaluation mode, how much the outputs
   * change.
   *
   * @param samples inputs of the network
   * @throws UserError if a merged weight has a NaN or Inf, or the outputs change by more than the
   *     limits; the base's weights are then restored bit for bit
   */
  public MergeReceipt merge(List<Tensor> samples, MergeLimits limits) {
    return CheckedMerge.of(this, samples, limits);
  }

  /**
   * Returns by path the parameters that merging would change, merged at each call in the caller's
   * scope, in float32 if the base's dtype is narrower; the base stays as it is.
   */
  public Map<String, Supplier<Tensor>> mergedParameters() {
    adapters.requireUnmerged("compute merged weights");
    return merging().values();
  }

  /**
   * Unmerges: restores the base's weights, bit for bit or, if the merge chose so, up to rounding.
   *
   * @throws UserError if the merge kept nothing to restore them
   */
  public synchronized void unmerge() {
    adapters.merge().unmerge();
  }

  /** Merges the active adapters permanently, removes all adapters, and returns the base. */
  public Module mergeAndUnload() {
    merge(Unmerging.NEVER);
    return unload();
  }

  /** Returns whether adapters are merged into the base. */
  public boolean isMerged() {
    return adapters.merge().isMerged();
  }

  /** Removes all adapters and restores the base's own layers; merged weights stay merged. */
  public synchronized Module unload() {
    layers().forEach((path, layer) -> base.replace(path, layer.pretrained()));
    adapters.byName().values().forEach(adapters::remove);
    adapters.merge().forget();
    return base;
  }

  // ---- training and files ----

  /** Returns the trainable parameters of an adapter, layer by layer. */
  public List<Parameter> parameters(String name) {
    return adapter(name).saved().values().stream()
        .filter(Parameter::isTrainable)
        .distinct()
        .toList();
  }

  /**
   * Writes an adapter as PEFT does: {@code adapter_config.json} and {@code
   * adapter_model.safetensors}. The adapter applies to the original base, whatever its
   * initialisation.
   *
   * @return the number of bytes written
   */
  public long save(String name, Path directory) {
    return save(name, directory, SavedForm.PLAIN);
  }

  /**
   * Writes an adapter in this form.
   *
   * @throws UserError if it could not be loaded in this form
   */
  public long save(String name, Path directory, SavedForm form) {
    return AdapterFiles.save(this, name, directory, form);
  }

  /**
   * Writes an adapter in another dtype.
   *
   * @param dtype one of F64, F32, F16 and BF16
   * @return the number of bytes written
   * @throws UserError if a value is too large for the dtype
   */
  public long save(String name, Path directory, DType dtype) {
    return AdapterFiles.save(this, name, directory, dtype);
  }

  /** Writes all adapters: {@code default} into the directory, others into subdirectories. */
  public long saveAll(Path directory) {
    return AdapterFiles.saveAll(this, directory);
  }

  /**
   * Loads an adapter, inactive, under this name.
   *
   * @throws UserError listing the differences if it does not fit or was trained on another base
   */
  public synchronized void load(String name, Path directory) {
    load(name, directory, BaseCheck.SAME_BASE);
  }

  /** Loads an adapter with this check of its base. */
  public synchronized void load(String name, Path directory, BaseCheck check) {
    AdapterFiles.load(this, name, directory, check);
  }

  /**
   * Adds an adapter that was read from files, inactive, under this name.
   *
   * @throws UserError if it does not fit the base, or the check refuses its base
   */
  public synchronized void load(String name, StoredAdapter stored, BaseCheck check) {
    AdapterFiles.put(this, name, stored, check);
  }

  /**
   * Loads all adapters that {@link #saveAll} or PEFT wrote to a directory, inactive.
   *
   * @return their names
   * @throws UserError if one does not fit; none is added
   */
  public synchronized List<String> loadAll(Path directory) {
    return AdapterFiles.loadAll(this, directory);
  }

  /** Returns the fingerprint of the base without adapters; cached until its weights change. */
  public BaseFingerprint fingerprint() {
    return adapters.fingerprinter().of(base);
  }

  /** Returns the base without adapters, as the check of an adapter's fingerprint sees it. */
  public BaseFingerprint.Present presentBase() {
    return adapters.fingerprinter().present(base);
  }

  /**
   * Returns an adapter without the model, to write it in any format. Its tensors are the model's,
   * or belong to the caller's pointer scope if they were converted to plain LoRA.
   */
  public StoredAdapter stored(String name) {
    return AdapterContent.of(this, name, SavedForm.PLAIN);
  }
}
