package dev.lora4j.train;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Stochastic gradient descent with momentum, as PyTorch's {@code optim.SGD}: {@code v ← μ v + g},
 * {@code p ← p − lr · v} (Sutskever et al. 2013, with the learning rate outside of the velocity).
 */
public final class Sgd implements Optimizer {
  private static final String VELOCITY = "velocity";

  private final Scalar momentum;
  private final double learningRate;
  private Scalar minusRate;
  private @Nullable Tensor velocity;

  public Sgd(double learningRate, double momentum) {
    OptimizerChecks.checkRate("learning rate", learningRate);
    if (!(momentum >= 0 && momentum < 1)) {
      throw new UserError("momentum must be in [0, 1), found " + momentum);
    }
    this.momentum = Ops.keepScalar(momentum);
    this.learningRate = learningRate;
    minusRate = Ops.keepScalar(-learningRate);
  }

  @Override
  public void step(Tensor parameters, Tensor gradient) {
    if (velocity == null) {
      velocity = Ops.keep(torch.zeros_like(parameters));
    }
    OptimizerChecks.checkSize(velocity, parameters);
    velocity.mul_(momentum);
    velocity.add_(gradient);
    parameters.add_(velocity, minusRate);
  }

  @Override
  public void scaleRates(double factor) {
    OptimizerChecks.checkRate("the learning-rate factor", factor);
    minusRate.deallocate();
    minusRate = Ops.keepScalar(-learningRate * factor);
  }

  @Override
  public Map<String, Tensor> state() {
    return velocity == null ? Map.of() : Map.of(VELOCITY, velocity);
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    OptimizerChecks.checkNames(state, VELOCITY);
    forget();
    if (!state.isEmpty()) {
      velocity = Ops.keep(requireNonNull(state.get(VELOCITY)).clone());
    }
  }

  private void forget() {
    if (velocity != null) {
      velocity.deallocate();
      velocity = null;
    }
  }

  @Override
  public void close() {
    forget();
    momentum.deallocate();
    minusRate.deallocate();
  }
}
