package dev.lora4j.lora.combine;

import dev.lora4j.nn.kernel.Ops;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Sets values of tensors to zero. */
public final class Pruner {
  private Pruner() {}

  /**
   * Returns a function for tensors of any shape; calls of a random one continue its random
   * sequence.
   */
  public static UnaryOperator<Tensor> of(Pruning how) {
    if (how instanceof Pruning.Magnitude magnitude) {
      return tensor -> keepLargest(tensor, magnitude.density());
    }
    if (how instanceof Pruning.Random random) {
      Generator generator = torch.make_generator_cpu(random.seed());
      GeneratorOptional numbers = new GeneratorOptional(generator);
      return tensor -> dropAndRescale(tensor, random.density(), numbers);
    }
    return UnaryOperator.identity();
  }

  private static Tensor keepLargest(Tensor tensor, double density) {
    Tensor numbers = tensor.flatten();
    long kept = (long) (density * numbers.numel());
    Tensor places = numbers.abs().topk(kept).get1();
    Tensor mask = torch.zeros_like(numbers).scatter(0, places, new Scalar(1.0));
    return numbers.mul(mask).view(Ops.shape(tensor));
  }

  private static Tensor dropAndRescale(Tensor tensor, double density, GeneratorOptional numbers) {
    Tensor mask =
        Ops.empty(Ops.shape(tensor))
            .bernoulli_(density, numbers); // on the CPU: the same mask on every device
    return tensor.mul(mask.to(tensor.device(), tensor.scalar_type())).div(new Scalar(density));
  }
}
