package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegressionErrorTest {

  /**
   * Differences 1, −1, 3 of targets 2, 4, 6: squared errors sum to 11, absolute errors to 5, and
   * the squared deviations of the targets to 8.
   */
  @Test
  void metricsEqualValuesComputedByHand() {
    RegressionError error = RegressionError.of(new float[] {3, 3, 9}, new float[] {2, 4, 6});

    assertThat(error.rmse()).isCloseTo(Math.sqrt(11 / 3.0), within(1e-12));
    assertThat(error.mae()).isCloseTo(5 / 3.0, within(1e-12));
    assertThat(error.r2().orElseThrow()).isCloseTo(1 - 11 / 8.0, within(1e-12));
  }

  @Test
  void r2IsEmptyIfAllTargetsAreEqual() {
    assertThat(RegressionError.of(new float[] {3, 1}, new float[] {2, 2}).r2()).isEmpty();
  }

  /** The network returns its input and the target is one more, in more chunks than workers. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void resultDoesNotDependOnTheNumberOfWorkers(int count) {
    try (PointerScope scope = new PointerScope();
        Linear identity = Linear.withoutBias(1, 1);
        Workers workers = new Workers(count)) {
      identity.weight().copyFrom(torch.ones(1, 1));
      float[] numbers = new float[450];
      float[] targets = new float[450];
      for (int i = 0; i < 450; i++) {
        numbers[i] = i;
        targets[i] = i + 1;
      }
      try (TensorDataset data =
          TensorDataset.ofNumbers(Ops.tensor(numbers, 450, 1), Ops.tensor(targets, 450))) {
        RegressionError error = RegressionError.of(identity, data, workers);

        assertThat(error.rmse()).isEqualTo(1);
        assertThat(error.mae()).isEqualTo(1);
        assertThat(error.r2().orElseThrow()).isCloseTo(1 - 12.0 / (450.0 * 450 - 1), within(1e-9));
      }
    }
  }
}
