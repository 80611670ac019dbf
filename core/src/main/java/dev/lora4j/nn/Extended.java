package dev.lora4j.nn;

import org.bytedeco.pytorch.Tensor;

/**
 * A module that lets another one compute, and puts something on top of what that gives: {@code
 * forward(x) = onTop(inner().forward(x), x)}. Whoever computes several inner ones at once asks for
 * the two halves.
 */
public interface Extended {

  /** The module that computes first. */
  Module inner();

  /**
   * The rest of the way to the output.
   *
   * @param y what the inner module gave for the input; may be overwritten
   * @param x the input
   */
  Tensor onTop(Tensor y, Tensor x);
}
