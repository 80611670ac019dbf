package dev.lora4j.train;

import dev.lora4j.nn.Parameter;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Updates one flat tensor of parameters by their gradients, so that a step is few operations. */
public interface Optimizer extends AutoCloseable {

  /**
   * Takes one step, without recording gradients.
   *
   * @param parameters {@code [n]}, changed in place
   * @param gradient {@code [n]}, may be overwritten
   */
  void step(Tensor parameters, Tensor gradient);

  /**
   * Returns the parameters in the order of the flat tensor.
   *
   * @param trainable all trainable parameters, in the network's order
   * @throws dev.lora4j.UserError if one has no group
   */
  default List<Parameter> arrange(List<Parameter> trainable) {
    return trainable;
  }

  /** Returns whether a step changes a parameter with a zero gradient, as weight decay does. */
  default boolean decays() {
    return false;
  }

  /** Sets the factor of every learning rate for the following steps; see {@link Schedule}. */
  void scaleRates(double factor);

  /** Returns the optimizer's own state by name; empty before the first step. */
  Map<String, Tensor> state();

  /**
   * Restores a state, copying the tensors.
   *
   * @throws dev.lora4j.UserError if it is the state of another kind of optimizer
   */
  void restore(Map<String, Tensor> state);

  @Override
  void close();
}
