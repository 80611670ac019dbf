package dev.lora4j.lora;

import dev.lora4j.lora.layer.LayerDelta;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.MixedBatchDelta;
import dev.lora4j.nn.Parameter;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The deltas of one layer for a batch of runs of rows, each with an adapter of its own: one product
 * for each run, whose cost does not grow with the number of adapters. For forwards without
 * gradients.
 *
 * @param rows number of rows of all runs, those without a delta included
 */
record RunDeltas(List<Run> runs, long rows) implements LayerDelta {

  /** A delta for some consecutive rows. */
  record Run(LoraDelta delta, long from, long count) {}

  RunDeltas {
    runs = List.copyOf(runs);
  }

  @Override
  public Tensor addTo(Tensor y, Tensor x) {
    MixedBatchDelta.requireRows(x, Math.toIntExact(rows));
    for (Run run : runs) {
      Tensor part = y.narrow(0, run.from(), run.count());
      Tensor sum = run.delta().addTo(part, x.narrow(0, run.from(), run.count()));
      if (!sum.is_alias_of(part)) {
        part.copy_(sum);
      }
    }
    return y;
  }

  @Override
  public List<Parameter> parameters() {
    return runs.stream().flatMap(run -> run.delta().parameters().stream()).distinct().toList();
  }
}
