package dev.lora4j.lora.combine;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The majority that determines the sign of a combined value; PEFT's {@code majority_sign_method}.
 * It ignores the adapters' weights; a tie is positive.
 */
public enum MajoritySign {
  /** The sign of the sum of the values. */
  TOTAL,
  /** The sign of most adapters' values. */
  FREQUENCY;

  /**
   * Returns one where a value has the majority's sign at its position, otherwise zero; zeros have
   * no sign.
   *
   * @param stack {@code [adapters, …]}
   */
  Tensor agreeing(Tensor stack) {
    Tensor signs = stack.sign();
    Tensor votes = (this == TOTAL ? stack : signs).sum(0);
    Tensor majority = torch.where(votes.ge(new Scalar(0)), new Scalar(1.0), new Scalar(-1.0));
    return signs.eq(majority).to(stack.scalar_type());
  }
}
