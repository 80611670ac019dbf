package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of several rows equal libtorch's, and each row has the bits that it has alone. */
class BatchProductTest {
  private static final int ROWS = 19;

  @ParameterizedTest
  @CsvSource({
    "576, 300, false",
    "1536, 200, false",
    "32, 96, false",
    "8, 3, false",
    "576, 300, true",
    "33, 17, true"
  })
  void aRowHasTheSameBitsAmongAnyNumberOfRows(int in, int out, boolean transposed) {
    Engine.seed(3);
    try (PointerScope scope = new PointerScope();
        RowBatch x = new RowBatch(ROWS, in);
        RowBatch y = new RowBatch(ROWS, out)) {
      Tensor weight = transposed ? torch.randn(in, out).t() : torch.randn(out, in);
      Tensor rows = torch.randn(ROWS, in);
      BatchProduct product =
          new BatchProduct(
              new FusedLinear(List.of(LinearWeights.of(weight, Optional.empty()).orElseThrow())));

      x.first(ROWS).copy_(rows);
      product.compute(new TeamBarrier(1), ROWS, x, y, row -> {});
      Tensor all = y.first(ROWS).clone();

      TensorAssert.assertThat(all).isCloseTo(Ops.linear(rows, weight, null), 1e-5);
      for (int count : new int[] {1, 2, 3, 8, 9}) {
        for (int first = 0; first + count <= ROWS; first++) {
          x.first(count).copy_(rows.narrow(0, first, count));
          product.compute(new TeamBarrier(1), count, x, y, row -> {});
          assertThat(y.first(count).equal(all.narrow(0, first, count))).isTrue();
        }
      }
    }
  }
}
