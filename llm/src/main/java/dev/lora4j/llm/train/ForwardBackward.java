package dev.lora4j.llm.train;

import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.train.ChunkedCrossEntropy.TokenScores;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Forward and backward pass of a micro-batch on one thread, with chunked cross-entropy and optional
 * gradient checkpointing. The label mask selects the positions whose logits are computed.
 */
final class ForwardBackward implements AutoCloseable {
  private final LanguageModel model;
  private final boolean checkpointing;
  private final ThreadRng random = new ThreadRng();
  private final ChunkedCrossEntropy head;

  ForwardBackward(LanguageModel model, boolean checkpointing) {
    this.model = model;
    this.checkpointing = checkpointing;
    head = new ChunkedCrossEntropy(model, random);
  }

  /** Returns the losses of a micro-batch, {@code [n]}, without a graph. */
  Tensor losses(ModelInputs rows) {
    return score(rows).losses();
  }

  /** Returns the scores of a micro-batch without a graph. */
  TokenScores score(ModelInputs rows) {
    try (NoGradGuard guard = new NoGradGuard()) {
      return head.score(hidden(rows), rows.targets());
    }
  }

  /** Adds the gradients of {@code Σ weight · loss}; the dropout masks follow from the seed. */
  void backward(ModelInputs rows, long seed, Function<TokenScores, Tensor> weights) {
    random.seed(seed);
    random.enter();
    try {
      if (checkpointing) {
        backwardByLayers(rows, weights);
      } else {
        backwardAtOnce(rows, weights);
      }
    } finally {
      random.leave();
    }
  }

  private void backwardAtOnce(ModelInputs rows, Function<TokenScores, Tensor> weights) {
    try (AutogradContext pass = AutogradContext.open()) {
      backwardFromHead(hidden(rows), rows, weights);
    }
  }

  /** Returns the input of the head at the loss positions, {@code [n, hidden]}. */
  private Tensor hidden(ModelInputs rows) {
    LayerwiseForward forward = model.layerwise(rows.tokens());
    Tensor x = forward.embed();
    for (int i = 0; i < forward.layers() - 1; i++) {
      int layer = i;
      Tensor input = x;
      x = Ops.inScope(() -> forward.layer(layer, input));
      input.deallocate(); // the graph keeps what it needs
    }
    Tensor last = x;
    return Ops.inScope(() -> forward.finalHiddenAt(rows.lossPositions(), last));
  }

  /** Gradient checkpointing (Chen et al. 2016, arXiv:1604.06174, §4.1), a layer as a segment. */
  private void backwardByLayers(ModelInputs rows, Function<TokenScores, Tensor> weights) {
    LayerwiseForward forward = model.layerwise(rows.tokens());
    Tensor first = forward.embed();
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> randoms = new ArrayList<>();
    Tensor x = first;
    for (int i = 0; i < forward.layers() - 1; i++) {
      inputs.add(leaf(x));
      randoms.add(random.state());
      x = withoutGraph(forward, i, inputs.get(i));
    }
    Tensor output = leaf(x);
    try (PointerScope scope = new PointerScope();
        AutogradContext pass = AutogradContext.open()) {
      Tensor last = output;
      Tensor hidden = Ops.inScope(() -> forward.finalHiddenAt(rows.lossPositions(), last));
      backwardFromHead(hidden, rows, weights);
    }
    for (int i = inputs.size() - 1; i >= 0 && hasGradient(output); i--) {
      random.restore(randoms.get(i));
      backward(forward, i, inputs.get(i), output);
      output = inputs.get(i);
    }
    if (hasGradient(output) && first.requires_grad()) {
      Ops.backward(first, output.grad());
    }
  }

  private static boolean hasGradient(Tensor leaf) {
    return leaf.requires_grad() && leaf.grad().defined();
  }

  /**
   * Computes a layer again and its gradients; frees the output. The layer's own intermediate
   * results are gone before the backward: the graph keeps what it needs.
   */
  private static void backward(LayerwiseForward forward, int layer, Tensor input, Tensor output) {
    try (PointerScope scope = new PointerScope();
        AutogradContext pass = AutogradContext.open()) {
      Tensor again = Ops.inScope(() -> forward.layer(layer, input));
      Ops.backward(again, output.grad());
    }
    output.deallocate();
  }

  private void backwardFromHead(
      Tensor hidden, ModelInputs rows, Function<TokenScores, Tensor> weights) {
    Tensor gradient = head.backward(hidden.detach(), rows.targets(), weights);
    if (hidden.requires_grad()) {
      Ops.backward(hidden, gradient);
    }
  }

  /** Returns a layer's output without its graph; {@code requires_grad} is as with the graph. */
  private static Tensor withoutGraph(LayerwiseForward forward, int layer, Tensor x) {
    try (AutogradContext pass = AutogradContext.open()) {
      return Ops.inScope(() -> leaf(forward.layer(layer, x)));
    }
  }

  private static Tensor leaf(Tensor x) {
    Tensor leaf = x.detach();
    leaf.set_requires_grad(x.requires_grad());
    return leaf;
  }

  @Override
  public void close() {
    head.close();
    random.close();
  }
}
