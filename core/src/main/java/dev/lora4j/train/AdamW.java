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
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2), in
 * the arithmetic of PyTorch's {@code optim.AdamW}.
 */
public final class AdamW implements Optimizer {
  private static final String STEPS = "steps";
  private static final String MEAN = "mean";
  private static final String SQUARE = "square";

  private final Settings settings;
  private double rateFactor = 1;
  private long steps;
  private @Nullable Tensor mean;
  private @Nullable Tensor square;

  /**
   * Hyperparameters of AdamW.
   *
   * @param learningRate step size
   * @param beta1 decay rate of the first moment
   * @param beta2 decay rate of the second moment
   * @param epsilon added to the denominator
   * @param weightDecay decoupled weight decay, scaled by the learning rate
   */
  public record Settings(
      double learningRate, double beta1, double beta2, double epsilon, double weightDecay) {

    public Settings {
      OptimizerChecks.checkRate("learning rate", learningRate);
      OptimizerChecks.checkRate("epsilon", epsilon);
      OptimizerChecks.checkRate("weight decay", weightDecay);
      if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
        throw new UserError("betas must be in [0, 1), found " + beta1 + " and " + beta2);
      }
    }

    /** PyTorch's defaults for this learning rate. */
    public static Settings of(double learningRate) {
      return new Settings(learningRate, 0.9, 0.999, 1e-8, 0.01);
    }

    public Settings weightDecay(double weightDecay) {
      return new Settings(learningRate, beta1, beta2, epsilon, weightDecay);
    }
  }

  /** With PyTorch's defaults for this learning rate. */
  public AdamW(double learningRate) {
    this(Settings.of(learningRate));
  }

  public AdamW(Settings settings) {
    this.settings = settings;
  }

  @Override
  public void step(Tensor parameters, Tensor gradient) {
    if (mean == null || square == null) {
      mean = Ops.keep(torch.zeros_like(parameters));
      square = Ops.keep(torch.zeros_like(parameters));
    }
    OptimizerChecks.checkSize(mean, parameters);
    OptimizerChecks.checkSize(square, parameters);
    steps++;
    double lr = settings.learningRate() * rateFactor;
    double correction1 = 1 - Math.pow(settings.beta1(), steps);
    double correction2 = 1 - Math.pow(settings.beta2(), steps);
    parameters.mul_(new Scalar(1 - lr * settings.weightDecay()));
    mean.lerp_(gradient, new Scalar(1 - settings.beta1()));
    square.mul_(new Scalar(settings.beta2()));
    square.addcmul_(gradient, gradient, new Scalar(1 - settings.beta2()));
    Tensor denominator = square.sqrt();
    denominator.div_(new Scalar(Math.sqrt(correction2)));
    denominator.add_(new Scalar(settings.epsilon()));
    parameters.addcdiv_(mean, denominator, new Scalar(-lr / correction1));
  }

  @Override
  public void scaleRates(double factor) {
    OptimizerChecks.checkRate("the learning-rate factor", factor);
    rateFactor = factor;
  }

  @Override
  public Map<String, Tensor> state() {
    return mean == null || square == null
        ? Map.of()
        : Map.of(STEPS, Ops.tensor(new long[] {steps}), MEAN, mean, SQUARE, square);
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    OptimizerChecks.checkNames(state, STEPS, MEAN, SQUARE);
    close();
    steps = 0;
    if (!state.isEmpty()) {
      steps = Ops.longs(requireNonNull(state.get(STEPS)))[0];
      mean = Ops.keep(requireNonNull(state.get(MEAN)).clone());
      square = Ops.keep(requireNonNull(state.get(SQUARE)).clone());
    }
  }

  @Override
  public boolean decays() {
    return settings.weightDecay() > 0;
  }

  @Override
  public void close() {
    if (mean != null && square != null) {
      mean.deallocate();
      square.deallocate();
      mean = null;
      square = null;
    }
  }
}
