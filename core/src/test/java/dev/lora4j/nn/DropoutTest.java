package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutTest {
  private static final int COUNT = 10_000;

  @Test
  void keptElementsAreScaledToPreserveTheMean() {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(1);

      float[] values = Ops.floats(new Dropout(0.2).forward(torch.ones(COUNT)));

      int kept = 0;
      for (float value : values) {
        assertThat(value).isIn(0f, 1.25f);
        kept += value == 0 ? 0 : 1;
      }
      assertThat((double) kept / COUNT).isCloseTo(0.8, within(0.02));
    }
  }

  @Test
  void evaluationModeDoesNothing() {
    try (PointerScope scope = new PointerScope()) {
      Tensor input = torch.ones(3);
      Dropout dropout = new Dropout(0.5);
      dropout.train(false);

      TensorAssert.assertThat(dropout.forward(input)).hasExactly(1, 1, 1);
      TensorAssert.assertThat(new Dropout(0).forward(input)).hasExactly(1, 1, 1);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, Double.NaN})
  void probabilityOutsideOfTheRangeIsRefused(double probability) {
    assertThatThrownBy(() -> new Dropout(probability))
        .isInstanceOf(UserError.class)
        .hasMessage("dropout must be in [0, 1), found " + probability);
  }
}
