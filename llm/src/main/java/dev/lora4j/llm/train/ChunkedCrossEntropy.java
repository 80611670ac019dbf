package dev.lora4j.llm.train;

import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
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
  private static final Scalar ZERO = Ops.keepScalar(0);
  private static final ScalarTypeOptional SAME_DTYPE = new ScalarTypeOptional().retainReference();

  private final LanguageModel model;
  private final ThreadRng random;
  private final long rowsAtOnce;
  private @Nullable Tensor buffer;

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
   * The scores of targets.
   *
   * @param losses {@code [n]}
   * @param correct {@code [n]}, 1 where the target has the highest logit, else 0
   */
  record TokenScores(Tensor losses, Tensor correct) {
    private static TokenScores empty(Tensor targets) {
      return new TokenScores(floats(targets), floats(targets));
    }

    private void put(long from, TokenScores chunk) {
      losses.narrow(0, from, chunk.losses().numel()).copy_(chunk.losses());
      correct.narrow(0, from, chunk.correct().numel()).copy_(chunk.correct());
    }
  }

  /** Returns the losses {@code [n]} of {@code [n, hidden]} and int64 targets. */
  Tensor losses(Tensor hidden, Tensor targets) {
    return score(hidden, targets).losses();
  }

  /** Returns the scores of {@code [n, hidden]} and int64 targets {@code [n]}. */
  TokenScores score(Tensor hidden, Tensor targets) {
    TokenScores scores = TokenScores.empty(targets);
    try (NoGradGuard guard = new NoGradGuard()) {
      Optional<WeightStore> frozen = frozenHead(hidden);
      chunks(
          targets.numel(),
          (from, count) -> {
            Tensor h = hidden.narrow(0, from, count);
            Tensor t = targets.narrow(0, from, count);
            scores.put(
                from,
                frozen.isPresent()
                    ? softmaxInBuffer(h, t, frozen.get()).scores()
                    : scoresByModel(h, t));
          });
    }
    return scores;
  }

  /**
   * Returns the gradient of {@code Σ weight · loss} by the hidden states, {@code [n, hidden]}, and
   * adds that of the head if it is trainable. The weights, {@code [n]}, follow from all scores.
   */
  Tensor backward(Tensor hidden, Tensor targets, Function<TokenScores, Tensor> weights) {
    Tensor gradient = torch.empty_like(hidden);
    Optional<WeightStore> frozen = frozenHead(hidden);
    if (frozen.isPresent()) {
      backwardFrozen(hidden, targets, weights, frozen.get(), gradient);
    } else {
      backwardByModel(hidden, targets, weights, gradient);
    }
    return gradient;
  }

  private void backwardFrozen(
      Tensor hidden,
      Tensor targets,
      Function<TokenScores, Tensor> weights,
      WeightStore w,
      Tensor gradient) {
    try (NoGradGuard guard = new NoGradGuard()) {
      TokenScores scores = TokenScores.empty(targets);
      chunks(
          targets.numel(),
          (from, count) -> {
            Tensor t = targets.narrow(0, from, count);
            Softmax softmax = softmaxInBuffer(hidden.narrow(0, from, count), t, w);
            scores.put(from, softmax.scores());
            Tensor p = softmax.probabilities();
            p.scatter_add_(1, t.unsqueeze(1), torch.full_like(softmax.sums(), MINUS_ONE));
            softmax.backward().accept(p);
            w.multiplyTransposed(p, gradient.narrow(0, from, count));
          });
      gradient.mul_(weights.apply(scores).unsqueeze(1));
    }
  }

  private void backwardByModel(
      Tensor hidden, Tensor targets, Function<TokenScores, Tensor> weights, Tensor gradient) {
    Tensor before = random.state();
    Tensor weight = weights.apply(score(hidden, targets));
    random.restore(before); // the same dropout mask as for the losses
    chunks(
        targets.numel(),
        (from, count) -> {
          Tensor h = hidden.narrow(0, from, count).detach();
          h.set_requires_grad(true);
          Tensor losses = scoresByModel(h, targets.narrow(0, from, count)).losses();
          Ops.backward(losses, weight.narrow(0, from, count));
          gradient.narrow(0, from, count).copy_(h.grad());
        });
  }

  // ---- chunks of rows ----

  private interface Chunk {
    void accept(long from, long count);
  }

  private void chunks(long rows, Chunk chunk) {
    for (long from = 0; from < rows; from += rowsAtOnce) {
      try (PointerScope scope = new PointerScope()) {
        chunk.accept(from, Math.min(rowsAtOnce, rows - from));
      }
    }
  }

  /** Allocates one float per target. */
  private static Tensor floats(Tensor targets) {
    return Ops.empty(targets.numel()).to(targets.device(), ScalarType.Float);
  }

  private TokenScores scoresByModel(Tensor hidden, Tensor targets) {
    Tensor logits = model.logits(hidden).to(ScalarType.Float); // [count, vocabulary]
    Tensor target = logits.gather(1, targets.unsqueeze(1)).squeeze(1);
    Tensor correct = target.detach().ge(logits.detach().amax(LAST, false));
    return new TokenScores(logits.logsumexp(LAST, false).sub(target), correct);
  }

  /** The state of a chunk in the shared buffer, and the backward of the logits in place. */
  private record Softmax(
      TokenScores scores, Tensor probabilities, Tensor sums, Consumer<Tensor> backward) {}

  private Softmax softmaxInBuffer(Tensor hidden, Tensor targets, WeightStore weight) {
    Tensor logits = buffer(hidden).narrow(0, 0, targets.numel());
    weight.multiply(hidden, logits);
    Consumer<Tensor> backward = model.logitTransform().applyInPlace(logits);
    logits.sub_(logits.amax(LAST, true));
    Tensor target = logits.gather(1, targets.unsqueeze(1));
    Tensor correct = target.ge(ZERO).squeeze(1); // the greatest logit is 0 now
    logits.exp_();
    Tensor sums = logits.sum(LAST, true, SAME_DTYPE);
    Tensor losses = sums.log().sub_(target).squeeze(1);
    logits.div_(sums);
    return new Softmax(new TokenScores(losses, correct), logits, sums, backward);
  }

  private Tensor buffer(Tensor like) {
    if (buffer == null) {
      long[] shape = {rowsAtOnce, oddLines(model.vocabularySize())};
      Tensor lines = torch.empty(shape, like.options(), null);
      buffer = Ops.keep(lines.narrow(1, 0, model.vocabularySize()));
    }
    return buffer;
  }

  /** Rounds up to an odd number of cache lines: rows whole pages apart evict each other. */
  private static long oddLines(long floats) {
    return ((floats + CACHE_LINE - 1) / CACHE_LINE | 1) * CACHE_LINE;
  }

  /** The head's weight, {@code [vocabulary, hidden]}, if the head is that frozen weight alone. */
  private Optional<WeightStore> frozenHead(Tensor hidden) {
    if (!(model.head().module() instanceof Linear head) || head.bias().isPresent()) {
      return Optional.empty();
    }
    boolean plain =
        head.store().parameters().values().stream()
            .noneMatch(own -> own.isTrainable() || own.isParametrized());
    boolean float32 = hidden.scalar_type().intern() == ScalarType.Float;
    return plain && float32 ? Optional.of(head.store()) : Optional.empty();
  }

  @Override
  public void close() {
    if (buffer != null) {
      buffer.deallocate();
      buffer = null;
    }
  }
}
