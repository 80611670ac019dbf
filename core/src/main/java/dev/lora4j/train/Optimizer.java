package dev.lora4j.train;

import dev.lora4j.nn.Parameter;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Changes parameters by their gradients. All parameters lie in one flat tensor, and so do their
 * gradients: a step is a few operations, however many layers there are.
 */
public interface Optimizer extends AutoCloseable {

  /**
   * Takes one step. Runs without recording gradients.
   *
   * @param parameters {@code [n]}, changed in place
   * @param gradient {@code [n]}, may be overwritten
   */
  void step(Tensor parameters, Tensor gradient);

  /**
   * The order in which the parameters lie in the flat tensor.
   *
   * @param trainable all that is trained, in the network's order
   * @throws dev.lora4j.UserError if the optimizer has no use for one of them
   */
  default List<Parameter> arrange(List<Parameter> trainable) {
    return trainable;
  }

  /** Whether a step changes a parameter whose gradient is zero, as weight decay does. */
  default boolean decays() {
    return false;
  }

  /**
   * Multiplies every learning rate by this, from the next step on until it is told otherwise: what
   * a {@link Schedule} asks for.
   */
  void scaleRates(double factor);

  /**
   * What it remembers from step to step, by name; empty before the first step. The tensors stay its
   * own.
   */
  Map<String, Tensor> state();

  /**
   * Goes on from what another one of the same kind remembered. The tensors are copied.
   *
   * @throws dev.lora4j.UserError if it is not the memory of such an optimizer
   */
  void restore(Map<String, Tensor> state);

  /** Frees the optimizer's state. */
  @Override
  void close();
}
