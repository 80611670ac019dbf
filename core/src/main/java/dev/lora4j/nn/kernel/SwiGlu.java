package dev.lora4j.nn.kernel;

import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The gated activation of SwiGLU, {@code silu(gate) · up} (Shazeer 2020, arXiv:2002.05202). */
final class SwiGlu {
  private SwiGlu() {}

  static Tensor of(Tensor gate, Tensor up) {
    if (!gate.requires_grad() && !up.requires_grad()) {
      return torch.silu_(gate).mul_(up);
    }
    AutogradContext pass = AutogradContext.current();
    return pass == null || !gate.requires_grad() || !up.requires_grad()
        ? torch.silu(gate).mul(up)
        : in(pass, gate, up);
  }

  /**
   * Saves the two inputs only. In the graph the result is the sum of the inputs, so both receive
   * its gradient unchanged; hooks replace it there. The hooks are on aliases: a hook on the
   * caller's tensor would also replace the gradient of its other uses.
   */
  private static Tensor in(AutogradContext pass, Tensor gate, Tensor up) {
    Tensor gateAlias = torch.alias(gate);
    Tensor upAlias = torch.alias(up);
    Tensor result = gateAlias.add(upAlias);
    Tensor gateValues = gate.detach();
    Tensor upValues = up.detach();
    try (NoGradGuard guard = new NoGradGuard()) {
      torch.silu_out(result.detach(), gateValues).mul_(upValues);
    }
    pass.recomputable(
        result, List.of(gateValues, upValues), () -> torch.silu(gateValues).mul_(upValues));
    pass.onBackward(upAlias, List.of(gateValues), g -> torch.silu(gateValues).mul_(g));
    pass.onBackward(
        gateAlias,
        List.of(gateValues, upValues),
        g -> torch.silu_backward(g, gateValues).mul_(upValues));
    return result;
  }
}
