package dev.lora4j.nn;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ThreadRng;
import org.bytedeco.pytorch.Tensor;

/**
 * Dropout: in training mode, sets each element to zero with this probability and scales the others
 * by {@code 1 / (1 − p)}, as PyTorch's {@code nn.Dropout}. Draws from the thread's {@link
 * ThreadRng}, if it has one.
 */
public final class Dropout extends Module {
  private final double probability;

  public Dropout(double probability) {
    if (!(probability >= 0 && probability < 1)) {
      throw new UserError("dropout must be in [0, 1), found " + probability);
    }
    this.probability = probability;
  }

  @Override
  public Tensor forward(Tensor input) {
    return isActive() ? Ops.dropout(input, probability) : input;
  }

  /** Returns whether its next forward drops elements. */
  public boolean isActive() {
    return isRandom() && isTraining();
  }

  @Override
  protected boolean isRandom() {
    return probability > 0;
  }
}
