package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The pruning of an adapter before it is combined: some of its values are set to zero. */
public sealed interface Pruning {

  /** Returns a function that prunes any tensor; a random one continues its sequence. */
  UnaryOperator<Tensor> pruner();

  record None() implements Pruning {
    @Override
    public UnaryOperator<Tensor> pruner() {
      return UnaryOperator.identity();
    }
  }

  /**
   * Prunes the values of smallest magnitude in each tensor.
   *
   * @param density the share of values kept, in (0, 1]
   */
  record Magnitude(double density) implements Pruning {
    public Magnitude {
      check(density);
    }

    @Override
    public UnaryOperator<Tensor> pruner() {
      return tensor -> {
        Tensor values = tensor.flatten();
        Tensor kept = values.abs().topk((long) (density * values.numel())).get1();
        Tensor mask = torch.zeros_like(values).scatter(0, kept, new Scalar(1.0));
        return values.mul(mask).view(Ops.shape(tensor));
      };
    }
  }

  /**
   * Prunes random values and divides the others by the density, which preserves the mean.
   *
   * @param density the probability of keeping a value, in (0, 1]
   */
  record Random(double density, long seed) implements Pruning {
    public Random {
      check(density);
    }

    @Override
    public UnaryOperator<Tensor> pruner() {
      GeneratorOptional generator = new GeneratorOptional(torch.make_generator_cpu(seed));
      return tensor -> {
        Tensor mask = Ops.empty(Ops.shape(tensor)).bernoulli_(density, generator); // on the CPU
        return tensor.mul(mask.to(tensor.device(), tensor.scalar_type())).div(new Scalar(density));
      };
    }
  }

  private static void check(double density) {
    if (!(density > 0 && density <= 1)) {
      throw new UserError("density must be in (0, 1], found " + density);
    }
  }
}
