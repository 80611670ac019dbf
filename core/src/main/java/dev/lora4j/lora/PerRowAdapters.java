package dev.lora4j.lora;

import dev.lora4j.lora.layer.LayerDelta;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.MixedBatchDelta;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.GradMode;

/** An adapter, or none, for each row of a batch; mixed-batch deltas are assembled once and kept. */
final class PerRowAdapters implements ActiveAdapters {
  private final List<Optional<Adapter>> ofRows;
  private final List<AdapterRuns.Run> runs;
  private final UniformAdapters distinct;
  private final Map<LoraLayer, MixedBatchDelta> byLayer = new HashMap<>();
  private final RefCount uses = new RefCount(this::free);

  PerRowAdapters(List<Optional<Adapter>> ofRows) {
    this.ofRows = List.copyOf(ofRows);
    runs = AdapterRuns.Run.of(ofRows);
    distinct =
        new UniformAdapters(
            new ArrayList<>(
                new LinkedHashSet<>(ofRows.stream().flatMap(Optional::stream).toList())));
  }

  List<Optional<Adapter>> ofRows() {
    return ofRows;
  }

  @Override
  public List<Adapter> adapters() {
    return distinct.adapters();
  }

  @Override
  public List<LayerDelta> of(LoraLayer layer) {
    List<LoraDelta> deltas = distinct.of(layer);
    if (deltas.isEmpty()) {
      return List.of();
    }
    return List.of(
        !GradMode.is_enabled() && AdapterRuns.pay(layer, deltas, runs, ofRows.size())
            ? new AdapterRuns(layer, deltas, runs, ofRows.size())
            : mixed(layer, deltas));
  }

  private synchronized MixedBatchDelta mixed(LoraLayer layer, List<LoraDelta> deltas) {
    boolean kept = !GradMode.is_enabled(); // otherwise it is part of one graph
    MixedBatchDelta known = byLayer.get(layer);
    if (kept && known != null && known.isCurrent()) {
      return known;
    }
    List<Optional<LoraDelta>> rows =
        ofRows.stream().map(row -> row.map(adapter -> adapter.delta(layer))).toList();
    if (!kept) {
      return new MixedBatchDelta(deltas, rows);
    }
    if (known != null) {
      known.close();
    }
    MixedBatchDelta made = MixedBatchDelta.kept(deltas, rows);
    byLayer.put(layer, made);
    return made;
  }

  @Override
  public boolean retain() {
    if (!uses.retain()) {
      return false;
    }
    boolean all = distinct.retain();
    if (!all) {
      uses.release();
    }
    return all;
  }

  @Override
  public void release() {
    distinct.release();
    uses.release();
  }

  /** Frees the kept deltas once no forward uses them. */
  void retire() {
    uses.release();
  }

  private synchronized void free() {
    byLayer.values().forEach(MixedBatchDelta::close);
    byLayer.clear();
  }
}
