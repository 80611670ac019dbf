package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ParameterTest {

  @Test
  void outlivesItsPointerScope() {
    Parameter parameter;
    try (PointerScope scope = new PointerScope()) {
      parameter = Parameter.over(torch.ones(2));
    }
    TensorAssert.assertThat(parameter.value()).hasExactly(1, 1);
    assertThat(parameter.isTrainable()).isTrue();
    assertThat(parameter.numel()).isEqualTo(2);

    parameter.close();
    assertThat(parameter.value().isNull()).isTrue();
  }

  @Test
  void copyingAnotherShapeIsRefused() {
    try (PointerScope scope = new PointerScope();
        Parameter parameter = Parameter.over(torch.ones(2, 3))) {
      assertThatThrownBy(() -> parameter.copyFrom(torch.ones(3, 2)))
          .isInstanceOf(UserError.class)
          .hasMessage("expected shape [2, 3], found [3, 2]");
    }
  }

  @Test
  void movesIntoGivenMemory() {
    try (PointerScope scope = new PointerScope();
        Parameter parameter = Parameter.over(torch.ones(2, 2))) {
      Tensor memory = torch.zeros(4);

      parameter.moveInto(memory);
      TensorAssert.assertThat(memory).hasExactly(1, 1, 1, 1);
      memory.fill_(new Scalar(3));

      TensorAssert.assertThat(parameter.value()).hasShape(2, 2).hasExactly(3, 3, 3, 3);
      assertThat(parameter.isTrainable()).isTrue();
    }
  }

  @Test
  void replacedValueStaysFrozen() {
    try (Parameter parameter = Parameter.over(Ops.ones(2)).trainable(false)) {
      try (PointerScope scope = new PointerScope()) {
        parameter.replaceValue(torch.zeros(2));
      }
      TensorAssert.assertThat(parameter.value()).hasExactly(0, 0);
      assertThat(parameter.isTrainable()).isFalse();
      assertThat(parameter.isZero()).isTrue();
    }
  }
}
