package dev.lora4j.lora;

import dev.lora4j.lora.layer.LayerDelta;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An adapter, or none, for each run of consecutive rows of the layers' inputs: the texts of a batch
 * without padding, sorted by their adapter. Each run is one product, so the cost does not grow with
 * the number of adapters, unlike that of {@link LoraModel#withRows}.
 */
public final class AdapterRuns implements ActiveAdapters {
  private final List<Optional<Adapter>> ofRuns;
  private final long[] rows;
  private final UniformAdapters distinct;

  private AdapterRuns(List<Optional<Adapter>> ofRuns, long... rows) {
    this.ofRuns = ofRuns;
    this.rows = rows.clone();
    distinct =
        new UniformAdapters(
            new ArrayList<>(
                new LinkedHashSet<>(ofRuns.stream().flatMap(Optional::stream).toList())));
  }

  /**
   * Activates an adapter for each run of rows, for the calling thread's forwards without gradients,
   * until the scope closes. Only deltas of layers count: modules that an adapter saves whole are the
   * base's.
   *
   * @param adapterOfRun names, {@link LoraModel#BASE} for none
   * @param rows number of rows of each run; the layers' inputs have as many rows in all
   */
  public static AdapterScope enter(LoraModel model, List<String> adapterOfRun, long... rows) {
    if (adapterOfRun.size() != rows.length) {
      throw new IllegalArgumentException(
          "expected the rows of %d runs, found %d".formatted(adapterOfRun.size(), rows.length));
    }
    AdapterRegistry registry = model.registry();
    registry.requireUnmerged("use other adapters");
    return registry.enter(
        () ->
            new AdapterRuns(
                adapterOfRun.stream()
                    .map(
                        name ->
                            name.equals(LoraModel.BASE)
                                ? Optional.<Adapter>empty()
                                : Optional.of(registry.named(name)))
                    .toList(),
                rows));
  }

  @Override
  public List<Adapter> adapters() {
    return distinct.adapters();
  }

  @Override
  public List<? extends LayerDelta> of(LoraLayer layer) {
    List<RunDeltas.Run> runs = new ArrayList<>();
    long from = 0;
    for (int i = 0; i < rows.length; i++) {
      @Nullable LoraDelta delta =
          ofRuns.get(i).isPresent() ? ofRuns.get(i).get().delta(layer) : null;
      if (delta != null) {
        runs.add(new RunDeltas.Run(delta, from, rows[i]));
      }
      from += rows[i];
    }
    return runs.isEmpty() ? List.of() : List.of(new RunDeltas(runs, from));
  }

  @Override
  public boolean retain() {
    return distinct.retain();
  }

  @Override
  public void release() {
    distinct.release();
  }
}
