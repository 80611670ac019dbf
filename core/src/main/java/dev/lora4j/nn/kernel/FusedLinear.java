package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.GroupProducts;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Linear layers that share an input row, as one product with concatenated outputs. */
public final class FusedLinear {
  private record Place(LinearWeights layer, int features, int outputs) {

    void compute(RowInput x, FloatVector features, FloatVector y, int from, int to) {
      int first = Math.max(from - outputs, 0);
      int count = (int) Math.min(to - outputs, layer.weight().rows()) - first;
      if (count > 0) {
        layer.outputs(x, features, this.features, first, count, y, outputs + first);
      }
    }
  }

  private static final int TOGETHER = GroupProducts.ROWS; // outputs of an interleaved weight

  private final List<Place> places = new ArrayList<>();
  private final int least;
  private final boolean onlyAddsTerms;
  private int ranks;
  private int outputs;

  /** Fuses layers of the same input size. */
  public FusedLinear(List<LinearWeights> layers) {
    for (LinearWeights layer : layers) {
      places.add(new Place(layer, ranks, outputs));
      ranks += layer.ranks();
      outputs += Math.toIntExact(layer.weight().rows());
    }
    onlyAddsTerms = layers.stream().allMatch(LinearWeights::onlyAddsTerms);
    long columns = layers.get(0).weight().columns();
    least = (int) Math.max(1, CostModel.GEMV_PIECE / columns / TOGETHER);
  }

  public int outputs() {
    return outputs;
  }

  /** Sum of the ranks of all low-rank terms. */
  public int ranks() {
    return ranks;
  }

  /** The fused layers, in the order of their outputs. */
  List<LinearWeights> layers() {
    return places.stream().map(Place::layer).toList();
  }

  /** Number of outputs of one of the layers. */
  public int outputs(int layer) {
    return Math.toIntExact(places.get(layer).layer.weight().rows());
  }

  /** Returns whether the weights, apart from biases and low-rank terms, are the same memory. */
  public boolean sharesWeights(FusedLinear other) {
    return places.size() == other.places.size()
        && IntStream.range(0, places.size())
            .allMatch(i -> places.get(i).layer.sharesWeight(other.places.get(i).layer));
  }

  /** Computes the low-rank terms, with memory for {@code A x}. */
  public void terms(FloatVector x, FloatVector features, FloatVector terms) {
    features(x, features);
    places.forEach(place -> place.layer.terms(features, place.features, terms.from(place.outputs)));
  }

  /** Computes {@code A x} of all low-rank terms. */
  private void features(FloatVector x, FloatVector features) {
    places.forEach(place -> place.layer.features(x, features, place.features));
  }

  /** Completes the outputs of the weights with the low-rank terms and the biases. */
  public void complete(FloatVector terms, FloatVector y) {
    if (onlyAddsTerms) {
      y.addRange(terms, 0, outputs);
    } else {
      places.forEach(place -> place.layer.complete(terms, y, place.outputs));
    }
  }

  /** Computes the outputs of the weights, without biases and low-rank terms. */
  public void multiply(RowInput x, FloatVector y) {
    prepare(x.of(x.vector()));
    places.forEach(place -> multiply(place.layer.weight(), x, y, place.outputs));
  }

  private static void multiply(WeightMatrix weight, RowInput x, FloatVector y, int place) {
    weight.multiply(x, 0, weight.rows(), y, place);
  }

  private void prepare(RowInput x) {
    places.forEach(place -> place.layer.weight().prepare(x));
  }

  /** Computes the shared outputs with the team, with the thread's own memory for the ranks. */
  public void compute(TeamBarrier team, RowInput x, FloatVector features, FloatVector y) {
    features(x.vector(), features);
    prepare(x);
    team.share(
        (outputs + TOGETHER - 1) / TOGETHER,
        least,
        (from, to) -> {
          int end = Math.min(to * TOGETHER, outputs);
          places.forEach(place -> place.compute(x, features, y, from * TOGETHER, end));
        });
  }
}
