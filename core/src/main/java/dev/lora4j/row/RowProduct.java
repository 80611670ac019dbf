package dev.lora4j.row;

import java.util.ArrayList;
import java.util.List;

/** Linear layers that read the same row; their outputs follow each other in another one. */
public final class RowProduct {
  private record Place(RowLinear layer, int features, int outputs) {

    void compute(Row x, Row features, Row y, int from, int to) {
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

  /** Of layers that take rows of one size. */
  public RowProduct(List<RowLinear> layers) {
    for (RowLinear layer : layers) {
      places.add(new Place(layer, ranks, outputs));
      ranks += layer.ranks();
      outputs += Math.toIntExact(layer.weight().rows());
    }
    least = (int) Math.max(1, CostModel.GEMV_PIECE / layers.get(0).weight().columns());
  }

  /** How many numbers come out. */
  public int outputs() {
    return outputs;
  }

  /** How many features low-rank updates have in between. */
  public int ranks() {
    return ranks;
  }

  /**
   * Computes together with the other threads of a team.
   *
   * @param x the same numbers for all threads
   * @param features the thread's own room for {@link #ranks} numbers
   * @param y the same row for all threads
   */
  public void compute(Lockstep team, Row x, Row features, Row y) {
    places.forEach(place -> place.layer.features(x, features, place.features));
    team.share(
        outputs,
        least,
        (from, to) -> places.forEach(place -> place.compute(x, features, y, from, to)));
  }
}
