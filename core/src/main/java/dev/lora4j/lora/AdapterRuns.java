package dev.lora4j.lora;

import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.LayerDelta;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.MixedBatchDelta;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import dev.lora4j.nn.kernel.LowRankRows;
import dev.lora4j.nn.runtime.CostModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The deltas of one layer for a batch whose rows have different adapters, computed for one run of
 * rows with the same adapter after the other. With many adapters and long runs, such as the tokens
 * of texts, it multiplies less than {@link MixedBatchDelta}, whose products have the ranks of all
 * adapters. Not for gradients: the deltas are added in place.
 */
final class AdapterRuns implements LayerDelta {
  private final List<LoraDelta> deltas;
  private final List<LayerRun> ofLayer;
  private final int rows;

  /** Consecutive rows with the same adapter. */
  record Run(long from, long count, Optional<Adapter> adapter) {

    static List<Run> of(List<Optional<Adapter>> ofRows) {
      List<Run> runs = new ArrayList<>();
      for (int from = 0; from < ofRows.size(); ) {
        int to = from;
        while (to < ofRows.size() && ofRows.get(to).equals(ofRows.get(from))) {
          to++;
        }
        runs.add(new Run(from, to - from, ofRows.get(from)));
        from = to;
      }
      return runs;
    }
  }

  private record LayerRun(long from, long count, Optional<LoraDelta> delta) {}

  AdapterRuns(LoraLayer layer, List<LoraDelta> deltas, List<Run> runs, int rows) {
    this.deltas = deltas;
    this.rows = rows;
    ofLayer =
        runs.stream()
            .map(
                run ->
                    new LayerRun(
                        run.from(), run.count(), run.adapter().map(one -> one.delta(layer))))
            .toList();
  }

  /** Returns whether it takes less time than one product for all rows. */
  static boolean pay(LoraLayer layer, List<LoraDelta> deltas, List<Run> runs, int rows) {
    if (!(layer.pretrained() instanceof Linear)) {
      return false;
    }
    long ranks = 0;
    long greatest = 0;
    for (LoraDelta delta : deltas) {
      long rank = delta.factored().map(FactoredDelta::rank).orElse(0);
      ranks += rank;
      greatest = Math.max(greatest, rank);
    }
    long width = layer.weighted().inFeatures() + layer.weighted().outFeatures();
    return rows * width * (ranks - greatest) > runs.size() * CostModel.ADAPTER_RUN_MULTIPLICATIONS;
  }

  @Override
  public Tensor addTo(Tensor y, Tensor x) {
    MixedBatchDelta.requireRows(x, rows);
    Optional<LowRankRows> plain = LowRankRows.of(y, x);
    for (LayerRun run : ofLayer) {
      if (run.delta().isPresent()) {
        LoraDelta delta = run.delta().get();
        Optional<LowRank> term = plain.isPresent() ? delta.lowRank() : Optional.empty();
        if (term.isPresent()) {
          plain.get().add(term.get(), run.from(), run.count());
        } else {
          add(delta, y.narrow(0, run.from(), run.count()), x.narrow(0, run.from(), run.count()));
        }
      }
    }
    return y;
  }

  private static void add(LoraDelta delta, Tensor y, Tensor x) {
    Tensor sum = delta.addTo(y, x);
    if (!sum.data_ptr().equals(y.data_ptr())) {
      y.copy_(sum);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return deltas.stream().flatMap(delta -> delta.parameters().stream()).toList();
  }
}
