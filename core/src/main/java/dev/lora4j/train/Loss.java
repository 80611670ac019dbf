package dev.lora4j.train;

import dev.lora4j.nn.Ops;
import org.bytedeco.pytorch.Tensor;

/** What training makes small; the mean over a step's examples. */
public enum Loss {
  /**
   * Of a classifier: {@code −log softmax(outputs)[target]}, where outputs are {@code [batch,
   * classes]} and targets {@code [batch]} of int64.
   */
  CROSS_ENTROPY,

  /**
   * Of a number: {@code (output − target)²}, where outputs are {@code [batch]} or {@code [batch,
   * 1]} and targets {@code [batch]} of floats.
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
