package dev.lora4j.lora.combine;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The sign that a combined value has; PEFT's {@code majority_sign_method}. A tie is positive. */
public enum MajoritySign {
  /** The sign of the sum of the values. */
  TOTAL,
  /** The sign of most adapters' values. */
  FREQUENCY;

  /** Returns one where values of {@code [adapters, …]} have the majority's sign, else zero. */
  Tensor agreeing(Tensor stack) {
    Tensor signs = stack.sign();
    Tensor votes = (this == TOTAL ? stack : signs).sum(0);
    Tensor majority = torch.where(votes.ge(new Scalar(0)), new Scalar(1.0), new Scalar(-1.0));
    return signs.eq(majority).to(stack.scalar_type());
  }
}
