package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** What Java computes of one row is what libtorch computes of it among others. Tolerance 1e-6. */
class OneRowTest {
  private static final double TOLERANCE = 1e-6;
  private static final int DIM = 96;

  @Test
  void aRowIsNormalisedAsAmongOthers() {
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        RmsNorm norm = new RmsNorm(DIM, 1e-5);
        RmsNorm bare = RmsNorm.withoutAffine(DIM, 1e-5)) {
      norm.namedParameters().values().forEach(weight -> weight.value().uniform_());
      Tensor rows = torch.randn(1, 2, DIM);
      Tensor first = rows.narrow(1, 0, 1).contiguous();

      TensorAssert.assertThat(norm.forward(first))
          .isCloseTo(norm.forward(rows).narrow(1, 0, 1), TOLERANCE);
      TensorAssert.assertThat(bare.forward(first))
          .isCloseTo(bare.forward(rows).narrow(1, 0, 1), TOLERANCE);
    }
  }

  @Test
  void headsOfATokenAreTurnedAsThoseOfSeveral() {
    Engine.seed(2);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor heads = torch.randn(1, 3, 4, DIM);
      Tensor cos = torch.randn(3, 1, DIM);
      Tensor sin = torch.randn(3, 1, DIM);
      Tensor all = Ops.turned(heads, cos, sin);

      for (int token = 0; token < 3; token++) {
        Tensor turned =
            Ops.turned(heads.narrow(1, token, 1), cos.narrow(0, token, 1), sin.narrow(0, token, 1));
        TensorAssert.assertThat(turned).isCloseTo(all.narrow(1, token, 1), TOLERANCE);
      }
    }
  }

  @Test
  void anAdaptersUpdateOfARowIsThatOfSeveral() {
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
  void whereAGradientIsWantedItIsLibtorchThatComputes() {
    try (PointerScope scope = new PointerScope();
        RmsNorm norm = new RmsNorm(DIM)) {
      Tensor row = torch.ones(1, DIM);

      assertThat(norm.forward(row).requires_grad()).isTrue();
      assertThat(OneRow.suits(row, DIM)).isFalse();
    }
  }
}
