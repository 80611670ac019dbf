package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import dev.lora4j.nn.runtime.Engine;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Low-rank terms of some rows of a batch, in plain memory. */
class LowRankRowsTest {
  private static final double TOLERANCE = 1e-5;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void termIsAddedToItsRowsOnlyHoweverBIsLaidOut(boolean columnMajor) {
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor x = torch.randn(9, 12);
      Tensor y = torch.randn(9, 7);
      Tensor a = torch.randn(3, 12);
      Tensor b = torch.randn(7, 3);
      Tensor expected = y.clone();
      expected
          .narrow(0, 2, 5)
          .add_(x.narrow(0, 2, 5).mm(a.t()).mm(b.t()), /* alpha= */ new Scalar(0.5));

      LowRank term = LowRank.of(a, columnMajor ? b.t().contiguous().t() : b, 0.5).orElseThrow();
      LowRankRows.of(y, x).orElseThrow().add(term, 2, 5);

      TensorAssert.assertThat(y).isCloseTo(expected, TOLERANCE);
    }
  }

  @Test
  void columnsInMemoryAndGradientsAreLeftToTensors() {
    try (PointerScope scope = new PointerScope()) {
      assertThat(LowRankRows.of(torch.zeros(4, 2), torch.zeros(4, 2))).isEmpty();
      try (NoGradGuard guard = new NoGradGuard()) {
        assertThat(LowRankRows.of(torch.zeros(4, 2), torch.zeros(2, 4).t())).isEmpty();
        assertThat(LowRankRows.of(torch.zeros(4, 2), torch.zeros(4, 2))).isPresent();
      }
    }
  }
}
