package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.runtime.Engine;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Kernels of one row equal libtorch's operators. Tolerance 1e-5. */
class GemvTest {
  private static final int DIM = 96;

  @Test
  void lowRankTermOfOneRowEqualsThatOfSeveral() {
    Engine.seed(3);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor y = torch.randn(1, 1, DIM);
      Tensor x = torch.randn(1, 1, 24);
      Tensor a = torch.randn(4, 24);
      Tensor b = torch.randn(DIM, 4);
      Tensor expected = x.matmul(a.t()).matmul(b.t()).mul(new Scalar(0.5)).add(y);

      for (Tensor up : List.of(b, b.t().contiguous().t())) {
        Tensor sum = y.clone();
        assertThat(Ops.isLowRankOfRow(sum, x, a, up)).isTrue();
        Ops.addLowRankToRow(sum, x, a, up, 0.5);
        TensorAssert.assertThat(sum).isCloseTo(expected, 1e-5);
      }
    }
  }

  @Test
  void gradientModeFallsBackToLibtorch() {
    try (PointerScope scope = new PointerScope()) {
      assertThat(FloatVector.isRow(torch.ones(1, DIM), DIM)).isFalse();
    }
  }
}
