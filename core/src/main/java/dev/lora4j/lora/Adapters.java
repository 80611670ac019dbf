package dev.lora4j.lora;

import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the adapted layers of one model share: the adapters by name, and which of them take part in
 * a forward: those that the calling thread chose for itself, else the model's own choice.
 */
final class Adapters {
  private final Map<String, Adapter> byName = new LinkedHashMap<>();

  @SuppressWarnings("ThreadLocalUsage") // a choice holds for one model
  private final ThreadLocal<@Nullable List<String>> ofThisThread = new ThreadLocal<>();

  private volatile List<String> ofTheModel = List.of();
  private final MergeJournal journal = new MergeJournal();
  private volatile boolean merged;

  List<String> active() {
    List<String> own = ofThisThread.get();
    return own == null ? ofTheModel : own;
  }

  void activate(List<String> names) {
    ofTheModel = List.copyOf(names);
  }

  /** Lets the calling thread choose until the scope closes; scopes nest. */
  AdapterScope choose(List<String> names) {
    List<String> outer = ofThisThread.get();
    ofThisThread.set(List.copyOf(names));
    return () -> ofThisThread.set(outer);
  }

  Map<String, Adapter> byName() {
    return byName;
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

  /** Gives an adapter another name in its place, where the calling thread made no choice. */
  void rename(String from, String to) {
    if (ofThisThread.get() != null) {
      throw new UserError("can't rename inside a scope of using() or disabled(); close it first");
    }
    Map<String, Adapter> before = new LinkedHashMap<>(byName);
    byName.clear();
    before.forEach((name, adapter) -> byName.put(name.equals(from) ? to : name, adapter));
    activate(ofTheModel.stream().map(name -> name.equals(from) ? to : name).toList());
  }

  void remove(String name) {
    byName.remove(name);
    List<String> rest = new ArrayList<>(ofTheModel);
    rest.remove(name);
    activate(rest);
  }
}
