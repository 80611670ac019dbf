package dev.lora4j.train;

import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.pytorch.Tensor;

/** The training loss: the mean over the examples of a step. */
public enum Loss {
  /** {@code −log softmax(outputs)[target]} of {@code [batch, classes]} for int64 targets. */
  CROSS_ENTROPY,

  /** {@code (output − target)²} of {@code [batch]} or {@code [batch, 1]} for float targets. */
  SQUARED_ERROR;

  /** The sum over the batch, a scalar. */
  Tensor sum(Tensor outputs, Tensor targets) {
    return switch (this) {
      case CROSS_ENTROPY -> Ops.crossEntropySum(outputs, targets);
      case SQUARED_ERROR -> Ops.squaredErrorSum(outputs, targets);
    };
  }
}
