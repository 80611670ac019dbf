package dev.lora4j.lora.combine;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Who decides which sign a number of a combined adapter gets; PEFT's {@code majority_sign_method}.
 * Weights have no say in it, and a draw counts as plus.
 */
public enum MajoritySign {
  /** The greater sum of magnitudes. */
  TOTAL,
  /** The greater number of adapters. */
  FREQUENCY;

  /**
   * One where a number has the sign of its place's majority, else zero; zeros have no sign.
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
