package dev.lora4j.nn;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/** A step of a network's forward, and every slot whose module takes part in it. */
public record Stage(UnaryOperator<Tensor> step, List<Slot> uses) {

  /** Returns a step that uses exactly these slots. */
  public static Stage of(UnaryOperator<Tensor> step, Slot... uses) {
    return new Stage(step, List.of(uses));
  }

  /** Returns whether an input always has the same output while the network is trained. */
  boolean isFrozen() {
    return uses.stream().allMatch(slot -> slot.module().isConstantInTraining());
  }
}
