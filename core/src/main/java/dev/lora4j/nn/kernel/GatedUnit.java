package dev.lora4j.nn.kernel;

import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A gated linear unit, {@code f(gate) · up} (Shazeer 2020, arXiv:2002.05202). */
record GatedUnit(GatedActivation activation) {

  Tensor of(Tensor gate, Tensor up) {
    if (!gate.requires_grad() && !up.requires_grad()) {
      return activation.inPlace(gate).mul_(up);
    }
    AutogradContext pass = AutogradContext.current();
    return pass == null || !gate.requires_grad() || !up.requires_grad()
        ? activation.of(gate).mul(up)
        : in(pass, gate, up);
  }

  /**
   * Saves the two inputs only. In the graph the result is the sum of the inputs, so both receive
   * its gradient unchanged; hooks replace it there. The hooks are on aliases: a hook on the
   * caller's tensor would also replace the gradient of its other uses.
   */
  private Tensor in(AutogradContext pass, Tensor gate, Tensor up) {
    Tensor gateAlias = torch.alias(gate);
    Tensor upAlias = torch.alias(up);
    Tensor result = gateAlias.add(upAlias);
    Tensor gateValues = gate.detach();
    Tensor upValues = up.detach();
    try (NoGradGuard guard = new NoGradGuard()) {
      activation.into(result.detach(), gateValues).mul_(upValues);
    }
    pass.recomputable(
        result, List.of(gateValues, upValues), () -> activation.of(gateValues).mul_(upValues));
    pass.onBackward(upAlias, List.of(gateValues), g -> activation.of(gateValues).mul_(g));
    pass.onBackward(
        gateAlias,
        List.of(gateValues, upValues),
        g -> activation.backward(g, gateValues).mul_(upValues));
    return result;
  }
}
