package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Stochastic gradient descent with momentum, as PyTorch's {@code optim.SGD}: {@code v ← μ v + g},
 * {@code p ← p − lr · v} (Sutskever et al. 2013, with the learning rate outside of the velocity).
 */
public final class Sgd implements Optimizer {
  private final Scalar momentum;
  private final Scalar minusLearningRate;
  private @Nullable Tensor velocity;

  public Sgd(double learningRate, double momentum) {
    Optimizers.checkRate("learning rate", learningRate);
    if (!(momentum >= 0 && momentum < 1)) {
      throw new UserError("momentum must be in [0, 1), found " + momentum);
    }
    this.momentum = Ops.keepScalar(momentum);
    minusLearningRate = Ops.keepScalar(-learningRate);
  }

  @Override
  public void step(Tensor parameters, Tensor gradient) {
    if (velocity == null) {
      velocity = Ops.keep(torch.zeros_like(parameters));
    }
    velocity.mul_(momentum);
    velocity.add_(gradient);
    parameters.add_(velocity, minusLearningRate);
  }

  @Override
  public void close() {
    if (velocity != null) {
      velocity.deallocate();
      velocity = null;
    }
    momentum.deallocate();
    minusLearningRate.deallocate();
  }
}
