package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.lora.format.Fingerprinter;
import dev.lora4j.lora.layer.ActiveDeltas;
import dev.lora4j.lora.layer.LayerDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.merge.MergeJournal;
import dev.lora4j.nn.runtime.ContextVar;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of one model by name, and the active ones: the calling thread's or else the model's.
 * A change publishes a new immutable state; changes must not overlap.
 */
final class AdapterRegistry implements ActiveDeltas {
  private volatile Map<String, Adapter> byName = Map.of();
  private volatile UniformAdapters ofTheModel = UniformAdapters.NONE;
  private final ContextVar<ActiveAdapters> ofThisThread = ContextVar.inherited();

  private final MergeJournal merge = new MergeJournal();
  private final Fingerprinter fingerprinter = new Fingerprinter(merge);

  // ---- by name ----

  Map<String, Adapter> byName() {
    return byName;
  }

  Adapter named(String name) {
    Adapter adapter = byName.get(name);
    if (adapter == null) {
      throw new UserError("no adapter '" + name + "'" + NearMiss.hint(name, byName.keySet()));
    }
    return adapter;
  }

  /** Refuses a name that is taken or invalid. */
  void requireNewName(String name) {
    if (!name.matches("[A-Za-z0-9_-]+") || Set.of("pretrained", "A", "B").contains(name)) {
      throw new UserError(
          "'%s' is not a valid adapter name: use letters, digits, - and _, but none of"
                  .formatted(name)
              + " pretrained, A, B");
    }
    if (byName.containsKey(name)) {
      throw new UserError("there is already an adapter '" + name + "'; remove it first");
    }
  }

  List<Adapter> named(Collection<String> names) {
    return names.stream().distinct().map(this::named).toList();
  }

  /** Returns the adapter of each row; empty for {@link LoraModel#BASE}. */
  List<Optional<Adapter>> ofRows(List<String> names) {
    Map<String, Optional<Adapter>> distinct = new HashMap<>();
    return names.stream()
        .map(
            name ->
                distinct.computeIfAbsent(
                    name,
                    key -> key.equals(LoraModel.BASE) ? Optional.empty() : Optional.of(named(key))))
        .toList();
  }

  void add(Adapter adapter) {
    publish(next -> next.put(adapter.name(), adapter));
  }

  /** Removes an adapter; it is freed as soon as no forward uses it. */
  void remove(Adapter adapter) {
    publish(next -> next.remove(adapter.name()));
    activate(ofTheModel.adapters().stream().filter(active -> active != adapter).toList());
    adapter.unlist();
    adapter.release();
  }

  /** Gives an adapter the name and the active state of another, which is removed. */
  void replace(Adapter old, Adapter replacement) {
    String name = old.name();
    String before = replacement.name();
    old.unlist();
    replacement.rename(name);
    publish(
        next -> {
          next.remove(before);
          next.put(name, replacement);
        });
    activate(
        ofTheModel.adapters().stream()
            .map(active -> active == old ? replacement : active)
            .toList());
    old.release();
  }

  void rename(Adapter adapter, String name) {
    adapter.rename(name);
    publish(
        next -> {
          List<Adapter> all = List.copyOf(next.values());
          next.clear();
          all.forEach(one -> next.put(one.name(), one));
        });
  }

  private void publish(Consumer<Map<String, Adapter>> change) {
    Map<String, Adapter> next = new LinkedHashMap<>(byName);
    change.accept(next);
    byName = Collections.unmodifiableMap(next);
  }

  // ---- active adapters ----

  @Override
  public List<? extends LayerDelta> of(LoraLayer layer) {
    return merge.isMerged() ? List.of() : active().of(layer);
  }

  /** Returns the active adapters of the calling thread's forwards. */
  ActiveAdapters active() {
    ActiveAdapters own = ofThisThread.get();
    return own == null ? ofTheModel : own;
  }

  /** Returns whether an adapter is active in the calling thread's forward, for all rows. */
  boolean uses(Adapter adapter) {
    return !merge.isMerged()
        && active() instanceof UniformAdapters uniform
        && uniform.adapters().contains(adapter);
  }

  void activate(List<Adapter> chosen) {
    ofTheModel = new UniformAdapters(chosen);
  }

  /** Activates adapters for the calling thread until the scope closes; scopes nest. */
  AdapterScope enter(Supplier<? extends ActiveAdapters> choosing) {
    ActiveAdapters choice = choosing.get();
    while (!choice.retain()) { // an adapter was removed meanwhile
      choice = choosing.get();
    }
    @Nullable ActiveAdapters outer = ofThisThread.get();
    ActiveAdapters entered = choice;
    ofThisThread.set(entered);
    return () -> {
      ofThisThread.set(outer);
      entered.release();
    };
  }

  // ---- merging ----

  MergeJournal merge() {
    return merge;
  }

  Fingerprinter fingerprinter() {
    return fingerprinter;
  }

  void requireUnmerged(String action) {
    merge.requireUnmerged(action);
  }
}
