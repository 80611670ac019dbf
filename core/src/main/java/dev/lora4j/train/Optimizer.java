package dev.lora4j.train;

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

  /** Whether a step changes a parameter whose gradient is zero, as weight decay does. */
  default boolean decays() {
    return false;
  }

  /** Frees the optimizer's state. */
  @Override
  void close();
}
