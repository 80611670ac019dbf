package dev.lora4j.train;

import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.pytorch.Tensor;

/** The training loss: the mean over the examples of a step. */
public enum Loss {
  /**
   * Cross-entropy of a classifier: {@code −log softmax(outputs)[target]}, with outputs {@code
   * [batch, classes]} and int64 targets {@code [batch]}.
   */
  CROSS_ENTROPY,

  /**
   * Squared error of a regression: {@code (output − target)²}, with outputs {@code [batch]} or
   * {@code [batch, 1]} and float targets {@code [batch]}.
   */
  SQUARED_ERROR;

  /** The sum over the batch, a scalar. */
  Tensor sum(Tensor outputs, Tensor targets) {
    return switch (this) {
      case CROSS_ENTROPY -> Ops.crossEntropySum(outputs, targets);
      case SQUARED_ERROR -> Ops.squaredErrorSum(outputs, targets);
    };
  }
}
