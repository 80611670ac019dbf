package dev.lora4j.llm.train;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ThreadRng;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Granite's {@code logits_scaling} reaches the chunked cross-entropy. */
class GraniteLossTest {
  private static final int ROWS = 11;

  @Test
  void lossAndGradientAreThoseOfTheModelsLogits() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("granite");
        ThreadRng random = new ThreadRng();
        ChunkedCrossEntropy head = new ChunkedCrossEntropy(model.network(), random, 4)) {
      Tensor hidden = torch.randn(ROWS, 32);
      Tensor targets = torch.randint(96, new long[] {ROWS});
      Tensor weights = torch.rand(ROWS);

      Tensor losses = head.losses(hidden, targets);
      Tensor gradient = head.backward(hidden, targets, found -> weights);

      Tensor leaf = hidden.clone().set_requires_grad(true);
      Tensor logits = model.network().logits(leaf);
      Tensor expected = logits.log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
      Ops.backward(expected, weights);
      TensorAssert.assertThat(losses).isCloseTo(expected, 1e-5);
      TensorAssert.assertThat(gradient).isCloseTo(leaf.grad(), 1e-5);
    }
  }
}
