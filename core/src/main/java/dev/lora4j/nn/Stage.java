package dev.lora4j.nn;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * A step of a network's forward, and the places that it uses.
 *
 * @param step from the previous stage's output to the next one's input
 * @param uses every place whose module takes part in the step
 */
public record Stage(UnaryOperator<Tensor> step, List<Child> uses) {

  /** A step that uses these places and no others. */
  public static Stage of(UnaryOperator<Tensor> step, Child... uses) {
    return new Stage(step, List.of(uses));
  }

  /** Whether the step always gives one output for one input while the network is trained. */
  boolean isFrozen() {
    return uses.stream().allMatch(place -> place.module().isConstantInTraining());
  }
}
