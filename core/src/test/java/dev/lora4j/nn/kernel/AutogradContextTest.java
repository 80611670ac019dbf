package dev.lora4j.nn.kernel;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.runtime.Engine;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Written-out derivatives equal those of libtorch. */
class AutogradContextTest {
  private static final Offset<Float> ROUNDING = Offset.offset(2e-6f);

  private static final torch.ScalarType BOOL = torch.ScalarType.Bool;
  private static final Scalar NEVER = Ops.keepScalar(Double.NEGATIVE_INFINITY);

  private Tensor x;
  private Tensor other;
  private Tensor weight;

  @BeforeEach
  void drawInputs() {
    Engine.seed(11);
    x = torch.randn(5, 12);
    other = torch.randn(5, 12);
    weight = torch.randn(5, 12);
    x.set_requires_grad(true);
    other.set_requires_grad(true);
  }

  @Test
  void rmsNormHasLibtorchsGradient() {
    RmsNorm norm = new RmsNorm(12, 1e-5);
    norm.freeze();
    weightOf(norm).copy_(torch.randn(12).add(Ops.ONE));
    assertSame(() -> norm.forward(x.mul(Ops.keepScalar(3))), List.of(x));
  }

  @Test
  void rmsNormWeightHasLibtorchsGradient() {
    RmsNorm norm = new RmsNorm(12, 1e-5);
    assertSame(() -> norm.forward(x), List.of(x, weightOf(norm)));
  }

  @Test
  void rmsNormAroundOneHasLibtorchsGradients() {
    RmsNorm norm = RmsNorm.aroundOne(12, 1e-5);
    assertSame(() -> norm.forward(x), List.of(x, weightOf(norm)));
  }

  @Test
  void gegluHasLibtorchsGradients() {
    assertSame(
        () -> Ops.gated(GatedActivation.GELU_TANH, x.mul(Ops.ONE), other.mul(Ops.ONE)),
        List.of(x, other));
  }

  @Test
  void cappedAttentionHasLibtorchsGradients() {
    Tensor mask = torch.zeros(5, 5).masked_fill(torch.ones(5, 5).triu(1).to(BOOL), NEVER);
    assertSame(
        () -> {
          Tensor q = x.view(1, 5, 2, 6).transpose(1, 2);
          Tensor k = other.view(1, 5, 2, 6).narrow(2, 0, 1).transpose(1, 2);
          Tensor v = other.view(1, 5, 2, 6).narrow(2, 1, 1).transpose(1, 2);
          Optional<SoftCap> cap = Optional.of(new SoftCap(0.6));
          Tensor y = Ops.attention(q, k, v, mask, false, cap, 0);
          return y.transpose(1, 2).reshape(5, 12).add(x);
        },
        List.of(x, other));
  }

  @Test
  void swigluHasLibtorchsGradients() {
    assertSame(
        () ->
            Ops.gated(
                GatedActivation.SILU, x.mul(Ops.keepScalar(2)), other.mul(Ops.keepScalar(-1))),
        List.of(x, other));
  }

  @Test
  void otherUsesOfSwigluInputsKeepTheirGradient() {
    assertSame(
        () -> {
          Tensor gate = x.mul(Ops.keepScalar(2));
          Tensor up = other.mul(Ops.keepScalar(-1));
          return Ops.gated(GatedActivation.SILU, gate, up).add(gate).sub(up);
        },
        List.of(x, other));
  }

  @Test
  void swigluOfLeavesKeepsTheirOtherGradients() {
    assertSame(() -> Ops.gated(GatedActivation.SILU, x, other).add(x), List.of(x, other));
  }

  @Test
  void swigluOfATensorWithItselfHasLibtorchsGradient() {
    assertSame(() -> Ops.gated(GatedActivation.SILU, x, x).add(x), List.of(x));
  }

  @Test
  void hookOnRmsNormsOutputRunsBeforeItsBackward() {
    RmsNorm norm = RmsNorm.withoutAffine(12, 1e-5);
    Tensor scale = torch.randn(5, 12);
    List<float[]> expected = gradients(() -> norm.forward(x).mul(scale), List.of(x));
    try (AutogradContext pass = AutogradContext.open()) {
      Supplier<Tensor> hooked =
          () -> {
            Tensor y = norm.forward(x);
            pass.onBackward(y, List.of(scale), g -> g.mul(scale));
            return y;
          };
      assertThat(gradients(hooked, List.of(x)).get(0)).containsExactly(expected.get(0), ROUNDING);
    }
  }

  @Test
  void recomputedTensorsHaveTheSavedValues() {
    RmsNorm norm = new RmsNorm(12, 1e-5);
    norm.freeze();
    weightOf(norm).copy_(torch.randn(12));
    try (PointerScope scope = new PointerScope();
        AutogradContext pass = AutogradContext.open()) {
      Tensor inner = AutogradContext.joined(0, List.of(x.mul(Ops.ONE), other.mul(Ops.ONE)));
      for (Tensor y :
          List.of(
              norm.forward(x),
              Ops.gated(GatedActivation.SILU, x.mul(Ops.ONE), other.mul(Ops.ONE)),
              AutogradContext.joined(0, List.of(inner, x.mul(Ops.ONE))))) {
        float[] values = floats(y);
        AutogradContext.SavedTensor read = pass.save(y);
        y.detach().zero_(); // nobody keeps it
        assertThat(floats(read.read().get())).containsExactly(values);
      }
      assertThat(floats(pass.save(x).read().get())).containsExactly(floats(x));
    }
  }

  @Test
  void contextWithoutBackwardFreesItsTensors() {
    try (PointerScope scope = new PointerScope();
        AutogradContext pass = AutogradContext.open()) {
      Ops.gated(GatedActivation.SILU, x.mul(Ops.ONE), other.mul(Ops.ONE));
      assertThat(AutogradContext.current()).isSameAs(pass);
    }
    assertThat(AutogradContext.current()).isNull();
  }

  @Test
  void contextsNest() {
    try (AutogradContext outer = AutogradContext.open()) {
      AutogradContext.open().close();
      assertThat(AutogradContext.current()).isSameAs(outer);
    }
  }

  private static Tensor weightOf(RmsNorm norm) {
    return requireNonNull(norm.namedParameters().get("weight")).value();
  }

  private void assertSame(Supplier<Tensor> function, List<Tensor> leaves) {
    float[] plain = floats(function.get());
    List<float[]> expected = gradients(function, leaves);
    try (AutogradContext pass = AutogradContext.open()) {
      assertThat(floats(function.get())).containsExactly(plain, ROUNDING);
    }
    try (AutogradContext pass = AutogradContext.open()) {
      List<float[]> found = gradients(function, leaves);
      for (int i = 0; i < leaves.size(); i++) {
        assertThat(found.get(i)).containsExactly(expected.get(i), ROUNDING);
      }
    }
  }

  private List<float[]> gradients(Supplier<Tensor> function, List<Tensor> leaves) {
    leaves.forEach(leaf -> leaf.mutable_grad().reset());
    Ops.backward(function.get(), weight);
    return leaves.stream().map(leaf -> floats(leaf.grad())).toList();
  }

  private static float[] floats(Tensor tensor) {
    return Ops.floats(tensor);
  }
}
