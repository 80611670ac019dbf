package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.ArrayList;
import java.util.List;

/** Linear layers that share an input row, as one product with concatenated outputs. */
public final class FusedLinear {
  private record Place(LinearWeights layer, int features, int outputs) {

    void compute(FloatVector x, FloatVector features, FloatVector y, int from, int to) {
      int first = Math.max(from - outputs, 0);
      int count = (int) Math.min(to - outputs, layer.weight().rows()) - first;
      if (count > 0) {
        layer.outputs(x, features, this.features, first, count, y, outputs + first);
      }
    }
  }

  private final List<Place> places = new ArrayList<>();
  private final int least;
  private int ranks;
  private int outputs;

  /** Fuses layers of the same input size. */
  public FusedLinear(List<LinearWeights> layers) {
    for (LinearWeights layer : layers) {
      places.add(new Place(layer, ranks, outputs));
      ranks += layer.ranks();
      outputs += Math.toIntExact(layer.weight().rows());
    }
    least = (int) Math.max(1, CostModel.GEMV_PIECE / layers.get(0).weight().columns());
  }

  public int outputs() {
    return outputs;
  }

  /** Sum of the ranks of all low-rank terms. */
  public int ranks() {
    return ranks;
  }

  /** Computes the shared outputs with the team, with the thread's own memory for the ranks. */
  public void compute(TeamBarrier team, FloatVector x, FloatVector features, FloatVector y) {
    places.forEach(place -> place.layer.features(x, features, place.features));
    team.share(
        outputs,
        least,
        (from, to) -> places.forEach(place -> place.compute(x, features, y, from, to)));
  }
}
