package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The loss of a batch as a function of the outputs of all its examples. */
public interface TaskLoss {

  /** Its name, as in {@code --objective}. */
  String name();

  /**
   * Computes the loss, summed over its units; gradients flow to the outputs.
   *
   * @param outputs of all texts, or all tokens, example after example: {@code [rows, outputs]}
   * @return a scalar
   */
  Tensor sum(Tensor outputs, List<TaskExample> examples);

  /** The number of units that the sum is divided by, or the sum of their weights. */
  double normalizer(List<TaskExample> examples);

  /** Returns whether an example's loss depends on the outputs of others. */
  default boolean comparesExamples() {
    return false;
  }

  /** The settings that a resumed run must share. */
  default Map<String, String> settings() {
    return Map.of("objective", name());
  }
}
