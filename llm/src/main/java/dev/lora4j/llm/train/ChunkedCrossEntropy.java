package dev.lora4j.llm.train;

import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.DenseWeights;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Chunked cross-entropy: {@code −log softmax(W h)[target]} of each row and its gradient with
 * respect to h, a few rows at a time. The logits of all rows never exist at once. For one thread.
 *
 * <p>A frozen head needs no graph: {@code ∂/∂h = (softmax(W h) − 1[target]) W}, with the model's
 * {@link dev.lora4j.llm.model.LogitTransform} between the product and the softmax. The softmax
 * overwrites the logits, in one buffer for all rows of all steps. A trainable or adapted head runs
 * twice: for the losses and for the gradients.
 */
final class ChunkedCrossEntropy implements AutoCloseable {
  private static final long CACHE_LINE = 16; // floats
  private static final long[] LAST = {1};
  private static final Scalar MINUS_ONE = Ops.keepScalar(-1);
  private static final ScalarTypeOptional SAME_DTYPE = new ScalarTypeOptional().retainReference();

  /** How much each row's loss counts, when the losses of all rows are known. */
  @FunctionalInterface
  interface Weights {
    /**
     * @param losses {@code [n]}
     * @return {@code [n]}
     */
    Tensor of(Tensor losses);
  }

  private final LanguageModel model;
  private final ThreadRng random;
  private final long rowsAtOnce;
  private @Nullable Tensor memory;

  /**
   * @param random what the calling thread drops by, if it drops anything
   */
  ChunkedCrossEntropy(LanguageModel model, ThreadRng random) {
    this(
        model,
        random,
        Math.max(CostModel.LOGITS_MIN_ROWS, CostModel.LOGITS_CHUNK / model.vocabularySize()));
  }

  ChunkedCrossEntropy(LanguageModel model, ThreadRng random, long rowsAtOnce) {
    this.model = model;
    this.random = random;
    this.rowsAtOnce = rowsAtOnce;
  }

  /**
   * @param hidden {@code [n, hidden]}
   * @param targets {@code [n]}, int64
   * @return {@code [n]}
   */
  Tensor losses(Tensor hidden, Tensor targets) {
    Tensor losses = numbers(targets);
    try (NoGradGuard guard = new NoGradGuard()) {
      Optional<Tensor> frozen = frozenWeight(hidden);
      chunks(
          targets.numel(),
          (from, count) -> {
            Tensor h = hidden.narrow(0, from, count);
            Tensor t = targets.narrow(0, from, count);
            Tensor found =
                frozen.isPresent()
                    ? softmaxInMemory(h, t, frozen.get()).losses()
                    : lossesByModel(h, t);
            losses.narrow(0, from, count).copy_(found);
          });
    }
    return losses;
  }

  /**
   * Adds to the head's gradients, if it learns, those of {@code Σ weight · loss}.
   *
   * @param hidden {@code [n, hidden]}, without a graph
   * @param targets {@code [n]}, int64
   * @return the gradient of the hidden states, {@code [n, hidden]}
   */
  Tensor backward(Tensor hidden, Tensor targets, Weights weights) {
    Tensor gradient = torch.empty_like(hidden);
    Optional<Tensor> frozen = frozenWeight(hidden);
    if (frozen.isPresent()) {
      backwardFrozen(hidden, targets, weights, frozen.get(), gradient);
    } else {
      backwardByModel(hidden, targets, weights, gradient);
    }
    return gradient;
  }

  private void backwardFrozen(
      Tensor hidden, Tensor targets, Weights weights, Tensor w, Tensor gradient) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor losses = numbers(targets);
      chunks(
          targets.numel(),
          (from, count) -> {
            Tensor t = targets.narrow(0, from, count);
            Softmax softmax = softmaxInMemory(hidden.narrow(0, from, count), t, w);
            losses.narrow(0, from, count).copy_(softmax.losses());
            Tensor p = softmax.probabilities();
            p.scatter_add_(1, t.unsqueeze(1), torch.full_like(softmax.sums(), MINUS_ONE));
            softmax.backward().accept(p);
            torch.mm_out(gradient.narrow(0, from, count), p, w);
          });
      gradient.mul_(weights.of(losses).unsqueeze(1));
    }
  }

  private void backwardByModel(Tensor hidden, Tensor targets, Weights weights, Tensor gradient) {
    Tensor before = random.state();
    Tensor weight = weights.of(losses(hidden, targets));
    random.restore(before); // what was dropped for the losses is dropped again
    chunks(
        targets.numel(),
        (from, count) -> {
          Tensor h = hidden.narrow(0, from, count).detach();
          h.set_requires_grad(true);
          Tensor losses = lossesByModel(h, targets.narrow(0, from, count));
          Ops.backward(losses, weight.narrow(0, from, count));
          gradient.narrow(0, from, count).copy_(h.grad());
        });
  }

  // ---- a few rows ----

  private interface Rows {
    void take(long from, long count);
  }

  private void chunks(long rows, Rows taker) {
    for (long from = 0; from < rows; from += rowsAtOnce) {
      try (PointerScope scope = new PointerScope()) {
        taker.take(from, Math.min(rowsAtOnce, rows - from));
      }
    }
  }

  /** Room for a float for each of them. */
  private static Tensor numbers(Tensor targets) {
    return Ops.empty(targets.numel()).to(targets.device(), ScalarType.Float);
  }

  private Tensor lossesByModel(Tensor hidden, Tensor targets) {
    Tensor logits = model.logits(hidden).to(ScalarType.Float); // [count, vocabulary]
    Tensor ofTarget = logits.gather(1, targets.unsqueeze(1)).squeeze(1);
    return logits.logsumexp(LAST, false).sub(ofTarget);
  }

  /**
   * @param losses {@code [count]}
   * @param probabilities {@code [count, vocabulary]}, in the memory that all rows share
   * @param sums {@code [count, 1]}, the sums of the exponentials
   * @param backward turns a gradient of the logits into one of the projection's output, in place
   */
  private record Softmax(
      Tensor losses, Tensor probabilities, Tensor sums, Consumer<Tensor> backward) {}

  private Softmax softmaxInMemory(Tensor hidden, Tensor targets, Tensor weight) {
    Tensor logits = memory(hidden).narrow(0, 0, targets.numel());
    projectInto(logits, hidden, weight);
    Consumer<Tensor> backward = model.logitTransform().applyInPlace(logits);
    logits.sub_(logits.amax(LAST, true));
    Tensor ofTarget = logits.gather(1, targets.unsqueeze(1));
    logits.exp_();
    Tensor sums = logits.sum(LAST, true, SAME_DTYPE);
    Tensor losses = sums.log().sub_(ofTarget).squeeze(1);
    logits.div_(sums);
    return new Softmax(losses, logits, sums, backward);
  }

  /** Some words at a time: BLAS takes a tenth longer for a row of them all. */
  private static void projectInto(Tensor logits, Tensor hidden, Tensor weight) {
    for (long from = 0; from < weight.size(0); from += CostModel.LOGITS_WORDS) {
      long count = Math.min(CostModel.LOGITS_WORDS, weight.size(0) - from);
      torch.mm_out(logits.narrow(1, from, count), hidden, weight.narrow(0, from, count).t());
    }
  }

  private Tensor memory(Tensor like) {
    if (memory == null) {
      long[] shape = {rowsAtOnce, oddLines(model.vocabularySize())};
      Tensor lines = torch.empty(shape, like.options(), null);
      memory = Ops.keep(lines.narrow(1, 0, model.vocabularySize()));
    }
    return memory;
  }

  /**
   * At least so many floats, an odd number of cache lines: rows whose beginnings lie a multiple of
   * a memory page apart drive each other out of the cache.
   */
  private static long oddLines(long floats) {
    return ((floats + CACHE_LINE - 1) / CACHE_LINE | 1) * CACHE_LINE;
  }

  /** The head's weight, {@code [vocabulary, hidden]}, if it is frozen and the projection's all. */
  private Optional<Tensor> frozenWeight(Tensor hidden) {
    if (!(model.head().module() instanceof Linear head)
        || head.bias().isPresent()
        || !(head.store() instanceof DenseWeights)) {
      return Optional.empty();
    }
    boolean plain = !head.weight().isTrainable() && !head.weight().isParametrized();
    boolean single = hidden.scalar_type().intern() == ScalarType.Float;
    return plain && single ? Optional.of(head.weight().value()) : Optional.empty();
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.deallocate();
      memory = null;
    }
  }
}
