package dev.lora4j.lora;

import dev.lora4j.lora.layer.LayerDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Parameter;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Adapters of a batch's rows where some layers compute all rows, such as tokens, and others fewer,
 * such as one for each text: a layer's input has the one number of rows or the other.
 */
record RowCountAdapters(PerRowAdapters all, PerRowAdapters fewer) implements ActiveAdapters {

  @Override
  public List<Adapter> adapters() {
    return all.adapters();
  }

  @Override
  public List<LayerDelta> of(LoraLayer layer) {
    return all.adapters().stream().anyMatch(adapter -> adapter.delta(layer) != null)
        ? List.of(new Chosen(layer))
        : List.of();
  }

  /** The delta of the adapters whose rows are as many as the input has. */
  private final class Chosen implements LayerDelta {
    private final LoraLayer layer;

    Chosen(LoraLayer layer) {
      this.layer = layer;
    }

    @Override
    public Tensor addTo(Tensor y, Tensor x) {
      boolean isFewer = x.size(0) == fewer.ofRows().size();
      Tensor sum = y;
      for (LayerDelta delta : (isFewer ? fewer : all).of(layer)) {
        sum = delta.addTo(sum, x);
      }
      return sum;
    }

    @Override
    public List<Parameter> parameters() {
      return all.of(layer).stream().flatMap(delta -> delta.parameters().stream()).toList();
    }
  }

  @Override
  public boolean retain() {
    boolean kept = all.retain();
    if (kept && !fewer.retain()) {
      all.release();
      return false;
    }
    return kept;
  }

  @Override
  public void release() {
    all.release();
    fewer.release();
  }

  /** Frees the deltas of both lists. */
  void retire() {
    all.retire();
    fewer.retire();
  }
}
