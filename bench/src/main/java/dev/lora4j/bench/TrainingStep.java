package dev.lora4j.bench;

import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A data-parallel training step: forward, backward and SGD on shards of the batch. */
final class TrainingStep implements Runnable, AutoCloseable {
  private final LoraModel model;
  private final int rows;
  private final Tensor x;
  private final Workers workers;
  private final List<Parameter> trained;
  private final List<GradientBuffer> views = new ArrayList<>();
  private final Scalar rate = Ops.keepScalar(-1e-6);

  TrainingStep(LoraModel model, int rows, int features, Workers workers) {
    this.model = model;
    this.rows = rows;
    this.workers = workers;
    x = Ops.keep(torch.randn(rows, features));
    trained = model.base().trainableParameters();
    for (int i = 0; i < workers.count(); i++) {
      views.add(new GradientBuffer(trained));
    }
  }

  @Override
  public void run() {
    int shares = Math.min(rows, workers.count());
    if (shares == 1) {
      backward(0, 1);
    } else {
      workers.run(worker -> backward(worker, shares));
    }
    update(shares);
  }

  private void backward(int worker, int shares) {
    if (worker >= shares) {
      return;
    }
    views.get(worker).enter();
    try (PointerScope scope = new PointerScope()) {
      int from = rows * worker / shares;
      int to = rows * (worker + 1) / shares;
      model.forward(x.narrow(0, from, to - from)).sum().backward();
    } finally {
      views.get(worker).leave();
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
      long offset = 0;
      for (Parameter parameter : trained) {
        parameter.value().view(-1).add_(sum.narrow(0, offset, parameter.numel()), rate);
        offset += parameter.numel();
      }
      sum.zero_();
    }
  }

  @Override
  public void close() {
    views.forEach(GradientBuffer::close);
    x.deallocate();
    rate.deallocate();
  }
}
