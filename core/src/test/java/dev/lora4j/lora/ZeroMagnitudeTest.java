package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.merge.Unmerging;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ZeroMagnitudeTest {
  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp = AdaptedMlp.trained(LoraConfig.rank(2).alpha(3).dora(true), 1);

  ZeroMagnitudeTest() {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor magnitude =
          Objects.requireNonNull(
                  mlp.model.adapter("default").saved().get("fc1.lora_magnitude_vector"))
              .value();
      magnitude.select(0, 1).fill_(new Scalar(0));
    }
  }

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  @Test
  void zeroMagnitudeCantBeMergedBySubtraction() {
    Tensor before = mlp.answerOfTheBase();

    assertThatThrownBy(() -> mlp.model.merge(Unmerging.BY_SUBTRACTION))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "fc1: a DoRA magnitude is exactly zero, which can't be divided out again; merge with"
                + " Unmerging.EXACT, which keeps a copy, or Unmerging.NEVER");

    assertThat(mlp.model.isMerged()).isFalse();
    TensorAssert.assertThat(mlp.answerOfTheBase()).isExactly(before);
  }

  @Test
  void zeroMagnitudeIsRestoredFromACopy() {
    Tensor before = mlp.answerOfTheBase();

    mlp.model.merge(Unmerging.EXACT);
    mlp.model.unmerge();

    TensorAssert.assertThat(mlp.answerOfTheBase()).isExactly(before);
  }
}
