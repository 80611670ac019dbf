package dev.lora4j.models.training;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.OwnRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses and gradients of the head in chunks are those of libtorch's cross-entropy at once. */
class HeadLossTest {
  private static final double TOLERANCE = 1e-5;
  private static final int ROWS = 11;

  @ParameterizedTest
  @CsvSource({"1, false", "4, false", "11, false", "64, false", "4, true", "64, true"})
  void chunksAreTheWhole(long rowsAtOnce, boolean learning) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama2");
        OwnRandom random = new OwnRandom();
        HeadLoss head = new HeadLoss(model.network(), random, rowsAtOnce)) {
      Tensor weight = ((Linear) model.network().head().module()).weight().value();
      weight.set_requires_grad(learning);
      Tensor hidden = torch.randn(ROWS, weight.size(1)).mul(new Scalar(3));
      Tensor targets = torch.randint(96, new long[] {ROWS});
      Tensor weights = torch.rand(ROWS);

      Tensor losses = head.losses(hidden, targets);
      Tensor gradient = head.backward(hidden, targets, found -> weights);

      Tensor leaf = hidden.clone().set_requires_grad(true);
      Tensor logits = leaf.matmul(weight.detach().t());
      Tensor expected = logits.log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
      Ops.backward(expected, weights);
      TensorAssert.assertThat(losses).isCloseTo(expected, TOLERANCE);
      TensorAssert.assertThat(gradient).isCloseTo(leaf.grad(), TOLERANCE);
      if (learning) {
        Tensor ofWeight = weight.grad();
        Tensor p = logits.detach().softmax(1);
        p.scatter_add_(1, targets.unsqueeze(1), torch.full(new long[] {ROWS, 1}, new Scalar(-1.0)));
        TensorAssert.assertThat(ofWeight)
            .isCloseTo(p.mul(weights.unsqueeze(1)).t().matmul(hidden), TOLERANCE);
      }
    }
  }
}
