package dev.lora4j.nn.kernel;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A soft cap, {@code y = cap · tanh(x / cap)}, which keeps numbers between −cap and cap (Bello et
 * al. 2016, arXiv:1611.09940, §5.1; Gemma 2, arXiv:2408.00118, §2).
 */
public record SoftCap(double cap) {

  /** Returns the capped numbers, recording gradients. */
  public Tensor of(Tensor x) {
    return x.div(new Scalar(cap)).tanh().mul(new Scalar(cap));
  }

  /** Overwrites numbers with {@code tanh(x / cap)}, without recording gradients. */
  Tensor ratioInPlace(Tensor x) {
    return x.div_(new Scalar(cap)).tanh_();
  }

  /** Caps the elements of a vector in place. */
  void apply(FloatVector x) {
    for (int i = 0; i < x.size(); i++) {
      x.put(i, (float) (cap * Math.tanh(x.get(i) / cap)));
    }
  }
}
