package dev.lora4j.lora.layer;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The forward {@code y = W x + b + s B A x} of a layer with one plain LoRA, and its backward,
 * fused: the derivatives are written out instead of recorded by autograd. With g the gradient of y,
 *
 * <pre>
 * ∂/∂B = s gᵀ (A x),   ∂/∂A = (s g B)ᵀ x,   ∂/∂x = g W + s g B A
 * </pre>
 *
 * <p>(LoRA paper, §4.1, eq. 3). Each product is added in place: to the gradients of A and B, and to
 * the gradient of x that came through W. Autograd allocates a tensor for each and adds it
 * afterwards. The rank is the first or the inner dimension of each product: as the last one, BLAS
 * takes two to four times as long.
 */
final class FusedLoraBackward {
  private final LinearDelta delta;
  private final Tensor a; // [rank, in]
  private final Tensor b; // [out, rank]

  private FusedLoraBackward(LinearDelta delta) {
    this.delta = delta;
    a = delta.effectiveA().detach();
    b = delta.effectiveB().detach();
  }

  /** Returns whether these deltas are one plain LoRA whose derivatives are all needed. */
  static boolean suits(List<? extends LayerDelta> deltas, Tensor x) {
    return AutogradContext.current() != null
        && deltas.size() == 1
        && deltas.get(0) instanceof LinearDelta delta
        && delta.isPlain()
        && GradMode.is_enabled()
        && x.requires_grad()
        && delta.a().gradient() != null
        && delta.b().gradient() != null;
  }

  /** Returns the layer's output, {@code [batch…, out]}, for a delta that {@link #suits}. */
  static Tensor forward(Module pretrained, LayerDelta delta, Tensor input) {
    AutogradContext pass = requireNonNull(AutogradContext.current());
    return new FusedLoraBackward((LinearDelta) delta).forward(pretrained, input, pass);
  }

  private Tensor forward(Module pretrained, Tensor input, AutogradContext pass) {
    Tensor x = torch.alias(input); // its gradient comes through W alone
    Tensor y = pretrained.forward(x);
    AutogradContext.SavedTensor values = pass.save(input);
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor features = a.mm(rows(x.detach()).t()); // [rank, n]
      Tensor back = torch.empty_like(features); // s Bᵀ gᵀ
      rows(y.detach()).addmm_(features.t(), b.t(), Ops.ONE, delta.scaling());
      pass.onBackward(
          y,
          with(values.needed(), features, back, b),
          g -> {
            addGradients(rows(g), rows(values.read().get()), features, back);
            return g;
          });
      pass.onBackward(x, List.of(back, a), g -> rows(g).addmm_(back.t(), a).view(g.sizes()));
    }
    return torch.alias(y); // a hook on the output runs before the one on y
  }

  private void addGradients(Tensor g, Tensor x, Tensor features, Tensor back) {
    torch.addmm_out(back, back, b.t(), g.t(), Ops.ZERO, delta.scaling());
    gradient(delta.b()).add_(features.mm(g).t(), delta.scaling());
    gradient(delta.a()).addmm_(back, x);
  }

  private static List<Tensor> with(List<Tensor> some, Tensor... others) {
    return Stream.concat(some.stream(), Stream.of(others)).toList();
  }

  private static Tensor gradient(Parameter parameter) {
    return requireNonNull(parameter.gradient());
  }

  private static Tensor rows(Tensor tensor) {
    return tensor.reshape(-1, tensor.size(-1));
  }
}
