package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.nn.ContextVar;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the adapted layers of one model share: the adapters by name, and which of them take part in
 * a forward: those that the calling thread chose for itself, else the model's own choice.
 *
 * <p>Readers see one state or the next, never half of one: every change puts a new immutable value
 * in the place of the old. Changes must not overlap with each other.
 */
final class Adapters {
  private volatile Map<String, Adapter> byName = Map.of();
  private volatile SameForAllRows ofTheModel = SameForAllRows.NONE;

  private final ContextVar<AdapterChoice> ofThisThread = ContextVar.inherited();

  private final MergeJournal journal = new MergeJournal();
  private final Fingerprinter fingerprinter = new Fingerprinter(journal);
  private volatile boolean merged;

  // ---- by name ----

  Map<String, Adapter> byName() {
    return byName;
  }

  /**
   * @throws UserError if there is none of this name
   */
  Adapter named(String name) {
    Adapter adapter = byName.get(name);
    if (adapter == null) {
      throw new UserError("no adapter '" + name + "'" + NearMiss.hint(name, byName.keySet()));
    }
    return adapter;
  }

  List<Adapter> named(Collection<String> names) {
    return names.stream().distinct().map(this::named).toList();
  }

  void add(Adapter adapter) {
    Map<String, Adapter> next = new LinkedHashMap<>(byName);
    next.put(adapter.name(), adapter);
    byName = Collections.unmodifiableMap(next);
  }

  /** Takes an adapter away; it is freed as soon as no forward uses it. */
  void remove(Adapter adapter) {
    Map<String, Adapter> next = new LinkedHashMap<>(byName);
    next.remove(adapter.name());
    byName = Collections.unmodifiableMap(next);
    activate(ofTheModel.present().stream().filter(active -> active != adapter).toList());
    adapter.takeOffTree();
    adapter.release();
  }

  /** Puts a new adapter under the name, and in the place, of an old one. */
  void replace(Adapter old, Adapter replacement) {
    String name = old.name();
    Map<String, Adapter> next = new LinkedHashMap<>(byName);
    next.remove(replacement.name());
    next.put(name, replacement);
    old.takeOffTree();
    replacement.rename(name);
    byName = Collections.unmodifiableMap(next);
    activate(
        ofTheModel.present().stream().map(active -> active == old ? replacement : active).toList());
    old.release();
  }

  void rename(Adapter adapter, String name) {
    Map<String, Adapter> next = new LinkedHashMap<>();
    adapter.rename(name);
    byName.values().forEach(one -> next.put(one.name(), one));
    byName = Collections.unmodifiableMap(next);
  }

  // ---- choosing ----

  /** What the calling thread's forwards use. */
  AdapterChoice choice() {
    AdapterChoice own = ofThisThread.get();
    return own == null ? ofTheModel : own;
  }

  /** Whether an adapter takes part in the calling thread's forward, for all rows. */
  boolean uses(Adapter adapter) {
    return !merged && choice() instanceof SameForAllRows same && same.present().contains(adapter);
  }

  /** Makes the model's own choice. */
  void activate(List<Adapter> chosen) {
    ofTheModel = new SameForAllRows(chosen);
  }

  /** Lets the calling thread keep to a choice until the scope closes; scopes nest. */
  AdapterScope enter(Supplier<? extends AdapterChoice> choosing) {
    AdapterChoice choice = choosing.get();
    while (!choice.retain()) { // an adapter was taken away meanwhile
      choice = choosing.get();
    }
    @Nullable AdapterChoice outer = ofThisThread.get();
    AdapterChoice entered = choice;
    ofThisThread.set(entered);
    return () -> {
      ofThisThread.set(outer);
      entered.release();
    };
  }

  // ---- merging ----

  Fingerprinter fingerprinter() {
    return fingerprinter;
  }

  MergeJournal journal() {
    return journal;
  }

  boolean isMerged() {
    return merged;
  }

  void setMerged(boolean merged) {
    this.merged = merged;
  }

  void requireUnmerged(String action) {
    if (merged) {
      throw new UserError("can't " + action + " while adapters are merged; unmerge first");
    }
  }
}
