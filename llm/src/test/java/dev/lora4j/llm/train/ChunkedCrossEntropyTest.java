package dev.lora4j.llm.train;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.llm.model.llama.Llama;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.Int8Weights;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Chunked cross-entropy gives libtorch's losses and gradients, with and without a logit transform.
 */
class ChunkedCrossEntropyTest {
  private static final double TOLERANCE = 1e-5;
  private static final int ROWS = 11;

  @ParameterizedTest
  @CsvSource({"1, false", "4, false", "11, false", "64, false", "4, true", "64, true"})
  void chunksAreTheWhole(long rowsAtOnce, boolean learning) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama2");
        ThreadRng random = new ThreadRng();
        ChunkedCrossEntropy head = new ChunkedCrossEntropy(model.network(), random, rowsAtOnce)) {
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

  @ParameterizedTest
  @CsvSource({"4, false", "64, false", "4, true", "64, true"})
  void aTargetIsCorrectIfItHasTheHighestLogit(long rowsAtOnce, boolean learning) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama2");
        ThreadRng random = new ThreadRng();
        ChunkedCrossEntropy head = new ChunkedCrossEntropy(model.network(), random, rowsAtOnce)) {
      Tensor weight = ((Linear) model.network().head().module()).weight().value();
      weight.set_requires_grad(learning);
      Tensor hidden = torch.randn(ROWS, weight.size(1));
      Tensor wrong = torch.arange(new Scalar(ROWS)).remainder(new Scalar(3)).ne(new Scalar(0));
      Tensor targets =
          hidden
              .matmul(weight.detach().t())
              .argmax(new LongOptional(1), false)
              .add(wrong)
              .remainder(new Scalar(96));

      Tensor correct = head.score(hidden, targets).correct();
      Tensor[] inBackward = new Tensor[1];
      head.backward(
          hidden,
          targets,
          scores -> {
            inBackward[0] = scores.correct().clone();
            return torch.ones(ROWS);
          });

      Tensor expected = wrong.logical_not().to(torch.ScalarType.Float);
      TensorAssert.assertThat(correct).isCloseTo(expected, 0);
      TensorAssert.assertThat(inBackward[0]).isCloseTo(expected, 0);
    }
  }

  @ParameterizedTest
  @CsvSource({"4, false", "64, false", "4, true"})
  void aSoftCapOfTheLogitsReachesLossAndGradient(long rowsAtOnce, boolean learning) {
    checkTransformed(LogitTransform.softCap(1.5), rowsAtOnce, learning);
  }

  @ParameterizedTest
  @CsvSource({"4, false", "64, false", "4, true"})
  void aScalingOfTheLogitsReachesLossAndGradient(long rowsAtOnce, boolean learning) {
    checkTransformed(LogitTransform.dividedBy(1.7), rowsAtOnce, learning);
  }

  private static void checkTransformed(
      LogitTransform transform, long rowsAtOnce, boolean learning) {
    try (PointerScope scope = new PointerScope();
        SmallModel small = SmallModel.withPeftsAdapter("llama2");
        ThreadRng random = new ThreadRng()) {
      LanguageModel model = new TransformedModel((Llama) small.network(), transform);
      ChunkedCrossEntropy head = new ChunkedCrossEntropy(model, random, rowsAtOnce);
      Tensor weight = ((Linear) model.head().module()).weight().value();
      weight.set_requires_grad(learning);
      Tensor hidden = torch.randn(ROWS, weight.size(1)).mul(new Scalar(3));
      Tensor targets = torch.randint(96, new long[] {ROWS});
      Tensor weights = torch.rand(ROWS);

      Tensor losses = head.losses(hidden, targets);
      Tensor gradient = head.backward(hidden, targets, found -> weights);
      head.close();

      Tensor leaf = hidden.clone().set_requires_grad(true);
      Tensor logits = model.logits(leaf);
      Tensor expected = logits.log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
      Ops.backward(expected, weights);
      TensorAssert.assertThat(losses).isCloseTo(expected, TOLERANCE);
      TensorAssert.assertThat(gradient).isCloseTo(leaf.grad(), TOLERANCE);
    }
  }

  /** A Llama whose logits are transformed. */
  private static final class TransformedModel extends LanguageModel {
    private final Llama inner;
    private final LogitTransform transform;

    TransformedModel(Llama inner, LogitTransform transform) {
      super(inner.config());
      this.inner = inner;
      this.transform = transform;
    }

    @Override
    public LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
      return inner.layerwise(tokens, attention);
    }

    @Override
    public Slot head() {
      return inner.head();
    }

    @Override
    public LogitTransform logitTransform() {
      return transform;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4, 64})
  void aQuantisedHeadGivesTheLossOfItsDequantisedWeight(long rowsAtOnce) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama2");
        ThreadRng random = new ThreadRng();
        ChunkedCrossEntropy head = new ChunkedCrossEntropy(model.network(), random, rowsAtOnce)) {
      Tensor dense = ((Linear) model.network().head().module()).weight().value();
      Int8Weights store = Int8Weights.quantize(dense);
      model.network().replace("lm_head", Linear.sharing(store, Optional.empty()));
      Tensor hidden = torch.randn(ROWS, dense.size(1)).mul(new Scalar(3));
      Tensor targets = torch.randint(96, new long[] {ROWS});
      Tensor weights = torch.rand(ROWS);
      Tensor losses = head.losses(hidden, targets);
      Tensor gradient = head.backward(hidden, targets, found -> weights);

      Tensor leaf = hidden.clone().set_requires_grad(true);
      Tensor logits = leaf.matmul(store.dense().t());
      Tensor expected = logits.log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
      Ops.backward(expected, weights);
      TensorAssert.assertThat(losses).isCloseTo(expected, TOLERANCE);
      TensorAssert.assertThat(gradient).isCloseTo(leaf.grad(), TOLERANCE);
    }
  }
}
