package dev.lora4j.lora;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.GradMode;
import org.jspecify.annotations.Nullable;

/**
 * An adapter of its own, or none, for each row of a batch. What a layer needs for these rows is put
 * together at its first forward and kept.
 */
final class AdapterPerRow implements AdapterChoice {
  private final List<Optional<Adapter>> ofRows;
  private final SameForAllRows present;
  private final Map<LoraLayer, RowUpdates> byLayer = new HashMap<>();
  private final UseCount uses = new UseCount(this::free);

  AdapterPerRow(List<Optional<Adapter>> ofRows) {
    this.ofRows = List.copyOf(ofRows);
    present =
        new SameForAllRows(
            new ArrayList<>(
                new LinkedHashSet<>(ofRows.stream().flatMap(Optional::stream).toList())));
  }

  /** The adapter of each row. */
  List<Optional<Adapter>> ofRows() {
    return ofRows;
  }

  /** Each adapter that some row has, once. */
  @Override
  public List<Adapter> present() {
    return present.present();
  }

  /** What these rows add to the output of a layer; null if none of their adapters adapts it. */
  synchronized @Nullable RowUpdates in(LoraLayer layer) {
    boolean kept = !GradMode.is_enabled(); // else it is part of one graph
    RowUpdates known = byLayer.get(layer);
    if (kept && known != null && known.isCurrent()) {
      return known;
    }
    List<Update> updates = present().stream().map(layer::update).filter(Objects::nonNull).toList();
    if (updates.isEmpty()) {
      return null;
    }
    List<Optional<Update>> rows = ofRows.stream().map(row -> row.map(layer::update)).toList();
    if (!kept) {
      return new RowUpdates(updates, rows);
    }
    if (known != null) {
      known.close();
    }
    RowUpdates made = RowUpdates.kept(updates, rows);
    byLayer.put(layer, made);
    return made;
  }

  @Override
  public boolean retain() {
    if (!uses.retain()) {
      return false;
    }
    boolean all = present.retain();
    if (!all) {
      uses.release();
    }
    return all;
  }

  @Override
  public void release() {
    present.release();
    uses.release();
  }

  /** Frees what is kept for the layers once no forward uses it. */
  void retire() {
    uses.release();
  }

  private synchronized void free() {
    byLayer.values().forEach(RowUpdates::close);
    byLayer.clear();
  }
}
