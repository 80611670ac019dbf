package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FiniteValuesTest {

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void valueThatIsNotFiniteIsFoundInEachDtype(float value) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = Ops.tensor(new float[] {1, value, -2}, 3);
      for (DType dtype : new DType[] {DType.F64, DType.F32, DType.F16, DType.BF16}) {
        assertThat(FiniteValues.areIn(tensor.to(dtype.torch()))).as(dtype.name()).isFalse();
      }
      assertThatThrownBy(() -> FiniteValues.require("a: w", tensor))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("a: w has NaN or infinity");
    }
  }

  @Test
  void infinitiesOfBothSignsDoNotCancel() {
    try (PointerScope scope = new PointerScope()) {
      float infinity = Float.POSITIVE_INFINITY;
      assertThat(FiniteValues.areIn(Ops.tensor(new float[] {infinity, -infinity}, 2))).isFalse();
    }
  }

  @Test
  void finiteValuesWhoseSumOverflowsAreFinite() {
    try (PointerScope scope = new PointerScope()) {
      float large = Float.MAX_VALUE;
      Tensor tensor = Ops.tensor(new float[] {large, large, large}, 3);
      assertThat(FiniteValues.areIn(tensor)).isTrue();
      assertThat(FiniteValues.areIn(tensor.to(ScalarType.Double))).isTrue();
      assertThat(FiniteValues.require("a: w", tensor)).isSameAs(tensor);
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void eachDtypeIsRead(DType dtype) {
    try (PointerScope scope = new PointerScope()) {
      Tensor ones = Ops.ones(2, 3).to(dtype.torch());
      assertThat(FiniteValues.areIn(ones)).isTrue();
      assertThat(FiniteValues.areIn(Ops.zeros(0).to(dtype.torch()))).isTrue();
    }
  }
}
