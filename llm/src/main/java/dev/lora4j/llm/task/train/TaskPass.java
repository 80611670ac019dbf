package dev.lora4j.llm.task.train;

import static java.util.Objects.requireNonNull;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One worker's forward, whose graph is kept until the backward of the same shard. Both run on the
 * worker's own thread.
 */
final class TaskPass implements AutoCloseable {
  private final TaskNetwork network;
  private final ThreadRng random = new ThreadRng();
  private @Nullable PointerScope scope;
  private @Nullable AutogradContext context;
  private @Nullable Tensor outputs;

  TaskPass(TaskNetwork network) {
    this.network = network;
  }

  /**
   * Computes the outputs of a shard and keeps the graph until {@link #backward} or {@link
   * #discard}.
   *
   * @param seed of the dropout masks
   * @return {@code [rows, outputs]}, without a graph, which the caller frees
   */
  Tensor forward(List<TokenSequence> texts, long seed) {
    scope = new PointerScope();
    context = AutogradContext.open();
    random.seed(seed);
    random.enter();
    try {
      Tensor computed = network.outputs(texts);
      outputs = computed;
      return Ops.keep(computed.detach());
    } finally {
      random.leave();
    }
  }

  /**
   * Adds the gradients of the shard.
   *
   * @param gradient of the outputs, {@code [rows, outputs]}
   */
  void backward(Tensor gradient) {
    try {
      Ops.backward(requireNonNull(outputs), gradient);
    } finally {
      discard();
    }
  }

  /** Frees the graph, if there is one. */
  void discard() {
    outputs = null;
    if (context != null) {
      context.close();
      context = null;
    }
    if (scope != null) {
      scope.close();
      scope = null;
    }
  }

  @Override
  public void close() {
    random.close();
  }
}
