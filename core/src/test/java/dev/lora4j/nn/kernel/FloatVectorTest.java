package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.runtime.Engine;
import org.assertj.core.data.Offset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Row kernels equal libtorch's operators. */
class FloatVectorTest {
  private static final Offset<Float> ROUNDING = Offset.offset(2e-6f);

  @BeforeEach
  void seed() {
    Engine.seed(5);
  }

  @Test
  void softmax() {
    try (PointerScope scope = new PointerScope()) {
      Tensor numbers = torch.randn(40).mul(Ops.keepScalar(5));
      float[] expected = Ops.floats(numbers.narrow(0, 0, 37).softmax(0));
      FloatVector.over(numbers).first(37).softmax();
      assertThat(Ops.floats(numbers.narrow(0, 0, 37))).containsExactly(expected, ROUNDING);
    }
  }

  @ParameterizedTest
  @EnumSource
  void gatedUnit(GatedActivation activation) {
    try (PointerScope scope = new PointerScope()) {
      Tensor both = torch.randn(2, 20).mul(Ops.keepScalar(3));
      float[] expected = Ops.floats(activation.of(both.select(0, 0)).mul(both.select(0, 1)));
      Tensor found = Ops.zeros(20);
      FloatVector.over(found).gated(activation, FloatVector.over(both), 0, 8);
      FloatVector.over(found).gated(activation, FloatVector.over(both), 8, 20);
      assertThat(Ops.floats(found)).containsExactly(expected, Offset.offset(5e-6f));
    }
  }

  @Test
  void vectorOutlivesItsPointerScope() {
    FloatVector row;
    try (PointerScope scope = new PointerScope()) {
      row = FloatVector.of(3);
    }
    row.put(2, 7);
    assertThat(row.get(2)).isEqualTo(7);
    row.close();
  }

  @Test
  void softCap() {
    try (PointerScope scope = new PointerScope()) {
      Tensor numbers = torch.randn(40).mul(Ops.keepScalar(9));
      float[] expected = Ops.floats(new SoftCap(4.5).of(numbers));
      new SoftCap(4.5).apply(FloatVector.over(numbers));
      assertThat(Ops.floats(numbers)).containsExactly(expected, ROUNDING);
    }
  }

  @Test
  void rmsNormAroundOneAndPartialRope() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        RmsNorm norm = RmsNorm.aroundOne(8, 1e-5)) {
      norm.namedParameters().values().forEach(weight -> weight.value().uniform_());
      Tensor heads = torch.randn(1, 1, 3, 8);
      Tensor cos = torch.randn(1, 1, 6);
      Tensor sin = torch.randn(1, 1, 6);
      float[] expected = Ops.floats(Ops.rotated(norm.forward(heads), cos, sin));

      FloatVector row = FloatVector.over(heads);
      norm.decodeWeights().orElseThrow().applyToParts(row, 0, 24);
      new RopeRotation(Ops.floats(cos), Ops.floats(sin), 8).apply(row, 0, 24);
      assertThat(Ops.floats(heads)).containsExactly(expected, ROUNDING);
    }
  }

  @Test
  void rmsNormAndRope() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        RmsNorm norm = new RmsNorm(8, 1e-5)) {
      norm.namedParameters().values().forEach(weight -> weight.value().uniform_());
      Tensor heads = torch.randn(1, 1, 3, 8);
      Tensor cos = torch.randn(1, 1, 8);
      Tensor sin = torch.randn(1, 1, 8);
      float[] expected = Ops.floats(Ops.rotated(norm.forward(heads), cos, sin));

      FloatVector row = FloatVector.over(heads);
      norm.decodeWeights().orElseThrow().applyToParts(row, 0, 24);
      new RopeRotation(Ops.floats(cos), Ops.floats(sin), 8).apply(row, 0, 24);
      assertThat(Ops.floats(heads)).containsExactly(expected, ROUNDING);
    }
  }
}
