package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Triplet loss (Schroff et al. 2015, arXiv:1503.03832, eq. 3), as in sentence-transformers: {@code
 * max(‖a − p‖ − ‖a − n‖ + margin, 0)} with Euclidean distances.
 *
 * @param margin how much farther the negative is to be; usually 5, or below 2 for vectors of length
 *     1
 */
public record TripletLoss(double margin) implements TaskLoss {
  static final String MARGIN = "margin";
  static final double DEFAULT_MARGIN = 5;
  private static final double EPSILON = 1e-6; // as in PyTorch's pairwise_distance

  @Override
  public String name() {
    return "triplet";
  }

  @Override
  public Tensor sum(Tensor outputs, List<TaskExample> examples) {
    Tensor anchors = rows(outputs, examples, 0);
    Tensor near = distance(anchors, rows(outputs, examples, 1));
    Tensor far = distance(anchors, rows(outputs, examples, 2));
    return near.sub(far).add(new Scalar(margin)).clamp_min(new Scalar(0)).sum();
  }

  private static Tensor rows(Tensor outputs, List<TaskExample> examples, int text) {
    return outputs.index_select(
        0, LossTensors.indices(LossTensors.rowsOf(examples, text), outputs));
  }

  private static Tensor distance(Tensor a, Tensor b) {
    Tensor difference = a.sub(b).add(new Scalar(EPSILON));
    return difference.mul(difference).sum(1).sqrt();
  }

  @Override
  public double normalizer(List<TaskExample> examples) {
    return examples.size();
  }

  @Override
  public Map<String, String> settings() {
    return Map.of("objective", name(), MARGIN, Double.toString(margin));
  }
}
