package dev.lora4j.nn.quant;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fixtures are bitsandbytes' own, made by {@code tools/quant_fixtures.py}. */
class Int8WeightsTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  private static Tensor tensor(String name) {
    return Fixture.read("quant/bitsandbytes.safetensors").tensor(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"int8.small", "int8.wide"})
  void valuesAndQuantisationEqualBitsandbytesBitForBit(String name) {
    Parameter codes = Parameter.frozen(tensor(name + ".weight"));
    Parameter absmax = Parameter.frozen(tensor(name + ".SCB"));
    TensorAssert.assertThat(new Int8Weights(codes, absmax).dense())
        .isExactly(tensor(name + ".expected"));

    Int8Weights found = Int8Weights.quantize(tensor(name + ".original"));
    TensorAssert.assertThat(found.quantized().value()).isExactly(codes.value());
    TensorAssert.assertThat(found.absmax().value()).isExactly(absmax.value());
  }

  @Test
  void tensorsThatDoNotFitAreRefused() {
    Parameter codes = Parameter.frozen(tensor("int8.small.weight"));
    Parameter floats = Parameter.frozen(Ops.zeros(3, 5));
    Parameter absmax = Parameter.frozen(Ops.zeros(3));
    assertThatThrownBy(() -> new Int8Weights(codes, Parameter.frozen(Ops.zeros(4))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("SCB must be [3], found [4]");
    assertThatThrownBy(() -> new Int8Weights(floats, absmax))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("weight must be Char, found Float");
  }
}
