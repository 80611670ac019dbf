package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.nn.GradientView;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * One step of training, again and again: the workers compute their shares' gradients, the shares
 * are summed, the optimizer moves the parameters.
 */
final class GradientStep implements AutoCloseable {
  private final UnaryOperator<Tensor> forward;
  private final Loss loss;
  private final Optimizer optimizer;
  private final Workers workers;
  private final FlatParameters parameters;
  private final List<GradientView> views = new ArrayList<>();
  private final Map<Long, Tensor> weights = new HashMap<>();
  private final List<Parameter> idle; // took no part in any forward yet: not decayed, as in PyTorch
  private final double[] lossSums;

  GradientStep(
      Module network,
      UnaryOperator<Tensor> forward,
      Loss loss,
      Optimizer optimizer,
      Workers workers) {
    this.forward = forward;
    this.loss = loss;
    this.optimizer = optimizer;
    this.workers = workers;
    List<Parameter> trainable = optimizer.arrange(network.trainableParameters());
    parameters = new FlatParameters(trainable);
    idle = new ArrayList<>(trainable);
    for (int i = 0; i < workers.count(); i++) {
      views.add(new GradientView(trainable));
    }
    lossSums = new double[workers.count()];
  }

  /**
   * Steps on some of these examples.
   *
   * @return their mean loss before the step
   */
  double take(Batch examples, long from, long size) {
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
    if (Double.isFinite(sum)) { // else the gradients are no numbers either: do no harm
      update(shares);
    }
    return sum / size;
  }

  private void backward(
      int worker, int shares, Batch examples, long from, long size, Tensor weight) {
    if (worker >= shares) {
      return;
    }
    long start = size * worker / shares;
    long end = size * (worker + 1) / shares;
    GradientView view = views.get(worker);
    view.enter();
    try (PointerScope scope = new PointerScope()) {
      Batch share = examples.slice(from + start, end - start);
      Tensor sum = loss.sum(forward.apply(share.inputs()), share.targets());
      Ops.backward(sum, weight);
      lossSums[worker] = sum.item_float();
    } finally {
      view.leave();
    }
  }

  private void update(int shares) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor sum = views.get(0).gradient();
      for (int i = 1; i < shares; i++) {
        sum.add_(views.get(i).gradient());
        views.get(i).gradient().zero_();
      }
      if (optimizer.decays()) {
        stepLeavingIdle(sum);
      } else {
        optimizer.step(parameters.block(), sum);
      }
      parameters.changed();
      sum.zero_();
    }
  }

  private void stepLeavingIdle(Tensor gradient) {
    idle.removeIf(parameter -> views.stream().anyMatch(view -> view.hasGradient(parameter)));
    List<Tensor> asBefore = idle.stream().map(parameter -> parameter.value().clone()).toList();
    optimizer.step(parameters.block(), gradient);
    for (int i = 0; i < idle.size(); i++) {
      idle.get(i).copyFrom(asBefore.get(i));
    }
  }

  /** The weight of one example in the mean over this many. */
  private Tensor oneOver(long examples) {
    try (PointerScope scope = new PointerScope()) {
      return Ops.keep(Ops.tensor(new float[] {1f / examples}).reshape().to(parameters.block()));
    }
  }

  /** Where the parameters are, and the examples must be. */
  Device device() {
    return parameters.block().device();
  }

  @Override
  public void close() {
    views.forEach(GradientView::close);
    weights.values().forEach(Tensor::deallocate);
    parameters.close();
  }
}
