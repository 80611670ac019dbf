package dev.lora4j.nn;

import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What is in the middle of SwiGLU (Shazeer 2020, arXiv:2002.05202). */
final class SiluTimes {
  private SiluTimes() {}

  /** {@code silu(gate) · other}; where there is no gradient, in the gate's memory. */
  static Tensor of(Tensor gate, Tensor other) {
    if (!gate.requires_grad() && !other.requires_grad()) {
      return torch.silu_(gate).mul_(other);
    }
    OnePass pass = OnePass.current();
    return pass == null || !gate.requires_grad() || !other.requires_grad()
        ? torch.silu(gate).mul(other)
        : in(pass, gate, other);
  }

  /**
   * The same, for which only the two inputs are kept until the way back: what stands for the result
   * in the graph is their sum, whose gradient comes to both as it is, and is exchanged there.
   */
  private static Tensor in(OnePass pass, Tensor gate, Tensor other) {
    Tensor result = gate.add(other);
    Tensor gateValues = gate.detach();
    Tensor otherValues = other.detach();
    try (NoGradGuard guard = new NoGradGuard()) {
      torch.silu_out(result.detach(), gateValues).mul_(otherValues);
    }
    pass.canMakeAgain(
        result, List.of(gateValues, otherValues), () -> torch.silu(gateValues).mul_(otherValues));
    pass.onTheWayBack(other, List.of(gateValues), g -> torch.silu(gateValues).mul_(g));
    pass.onTheWayBack(
        gate,
        List.of(gateValues, otherValues),
        g -> torch.silu_backward(g, gateValues).mul_(otherValues));
    return result;
  }
}
