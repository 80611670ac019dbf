package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/** One data-parallel training step on the gradients of all workers' shards. */
final class GradientStep implements AutoCloseable {
  private final UnaryOperator<Tensor> forward;
  private final Loss loss;
  private final Workers workers;
  private final DataParallelGradients gradients;
  private final Map<Long, Tensor> weights = new HashMap<>();
  private final double[] lossSums;

  GradientStep(
      Module network,
      UnaryOperator<Tensor> forward,
      Loss loss,
      Optimizer optimizer,
      Workers workers) {
    this.forward = forward;
    this.loss = loss;
    this.workers = workers;
    gradients =
        new DataParallelGradients(network.trainableParameters(), optimizer, workers.count());
    lossSums = new double[workers.count()];
  }

  /**
   * A step that was taken.
   *
   * @param loss summed over the examples, before the step
   * @param gradientNorm Euclidean norm of the mean loss's gradient; NaN unless measured
   */
  record Outcome(double loss, double gradientNorm) {}

  /**
   * Takes a step on some of these examples.
   *
   * @param measured whether the gradient norm is computed
   */
  Outcome take(Batch examples, long from, long size, boolean measured) {
    int shares = (int) Math.min(workers.count(), size);
    Tensor weight = weights.computeIfAbsent(size, this::oneOver);
    if (shares == 1) {
      backward(0, 1, examples, from, size, weight);
    } else {
      workers.run(worker -> backward(worker, shares, examples, from, size, weight));
    }
    double sum = 0;
    for (int i = 0; i < shares; i++) {
      sum += lossSums[i];
    }
    double norm = Double.NaN;
    if (Double.isFinite(sum) && measured) { // else keep the parameters
      norm = gradients.step(shares, Double.POSITIVE_INFINITY);
    } else if (Double.isFinite(sum)) {
      gradients.step(shares);
    }
    return new Outcome(sum, norm);
  }

  DataParallelGradients gradients() {
    return gradients;
  }

  private void backward(
      int worker, int shares, Batch examples, long from, long size, Tensor weight) {
    if (worker >= shares) {
      return;
    }
    long start = size * worker / shares;
    long end = size * (worker + 1) / shares;
    gradients.in(
        worker,
        () -> {
          try (PointerScope scope = new PointerScope()) {
            Batch share = examples.slice(from + start, end - start);
            Tensor sum = loss.sum(forward.apply(share.inputs()), share.targets());
            Ops.backward(sum, weight);
            lossSums[worker] = sum.item_float();
          }
        });
  }

  /** The weight of one example in the mean over this number of examples. */
  private Tensor oneOver(long examples) {
    try (PointerScope scope = new PointerScope()) {
      return Ops.keep(Ops.tensor(new float[] {1f / examples}).reshape().to(gradients.parameters()));
    }
  }

  /** The device of the parameters, where the examples must be. */
  Device device() {
    return gradients.parameters().device();
  }

  @Override
  public void close() {
    weights.values().forEach(Tensor::deallocate);
    gradients.close();
  }
}
