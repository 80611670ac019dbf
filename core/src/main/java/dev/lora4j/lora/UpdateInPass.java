package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.OnePass;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A frozen layer and its only update in a {@link OnePass}, {@code y = W x + b + s B A x}, with the
 * update's derivatives written out. Where g is the gradient of y,
 *
 * <pre>
 * ∂/∂B = s gᵀ (A x),   ∂/∂A = (s g B)ᵀ x,   ∂/∂x = g W + s g B A
 * </pre>
 *
 * <p>(LoRA paper, §4.1, eq. 3). Each is added where its sum lies: to the gradients of A and B, and
 * to that of x which came through W. Libtorch makes a tensor for each and adds them afterwards.
 * Each product has the rank as its first side or its inner one: with it as the last, BLAS takes two
 * to four times as long.
 */
final class UpdateInPass {
  private final LinearUpdate update;
  private final Tensor a; // [rank, in]
  private final Tensor b; // [out, rank]

  UpdateInPass(LinearUpdate update) {
    this.update = update;
    a = update.downFactor().detach();
    b = update.upFactor().detach();
  }

  /** Whether an update is one with these derivatives, and all of them are wanted. */
  static boolean suits(LinearUpdate update, Tensor x) {
    return update.isPlain()
        && GradMode.is_enabled()
        && x.requires_grad()
        && update.a().gradient() != null
        && update.b().gradient() != null;
  }

  /**
   * @param input {@code [batch…, in]}
   * @return {@code [batch…, out]}
   */
  Tensor forward(Module pretrained, Tensor input, OnePass pass) {
    Tensor x = torch.alias(input); // its gradient is what comes through W, and nobody else's
    Tensor y = pretrained.forward(x);
    OnePass.Values values = pass.valuesOf(input);
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor features = a.mm(rows(x.detach()).t()); // [rank, n]
      Tensor back = torch.empty_like(features); // s Bᵀ gᵀ
      rows(y.detach()).addmm_(features.t(), b.t(), Ops.ONE, update.scaling());
      pass.onTheWayBack(
          y,
          with(values.needed(), features, back, b),
          g -> {
            learn(rows(g), rows(values.read().get()), features, back);
            return g;
          });
      pass.onTheWayBack(x, List.of(back, a), g -> rows(g).addmm_(back.t(), a).view(g.sizes()));
    }
    return torch.alias(y); // so that a caller's hook runs before this one
  }

  private void learn(Tensor g, Tensor x, Tensor features, Tensor back) {
    torch.mm_out(back, b.t(), g.t()).mul_(update.scaling());
    gradient(update.b()).add_(features.mm(g).t(), update.scaling());
    gradient(update.a()).addmm_(back, x);
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
