package dev.lora4j.lora.combine;

import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Combines tensors of one shape element by element. */
public final class FactorCombiner {
  private final UnaryOperator<Tensor> pruner;
  private final Optional<MajoritySign> majority;

  public FactorCombiner(UnaryOperator<Tensor> pruner, Optional<MajoritySign> majority) {
    this.pruner = pruner;
    this.majority = majority;
  }

  static FactorCombiner of(Combination.Mix how) {
    return new FactorCombiner(how.pruning().pruner(), how.majority());
  }

  /** Returns the weighted sum of the pruned tensors, or the mean of those that agree in sign. */
  public Tensor mix(List<Tensor> tensors, double[] weights) {
    TensorVector pruned = new TensorVector();
    tensors.forEach(tensor -> pruned.push_back(pruner.apply(tensor)));
    Tensor stack = torch.stack(pruned); // [adapters, …]
    Tensor weighted = stack.mul(Ops.along(weightsLike(stack, weights), 0, stack.dim()));
    return majority
        .map(sign -> meanOf(weighted, sign.agreeing(stack)))
        .orElseGet(() -> weighted.sum(0));
  }

  private static Tensor weightsLike(Tensor stack, double[] weights) {
    float[] floats = new float[weights.length];
    for (int i = 0; i < weights.length; i++) {
      floats[i] = (float) weights[i];
    }
    return Ops.tensor(floats, floats.length).to(stack.device(), stack.scalar_type());
  }

  private static Tensor meanOf(Tensor weighted, Tensor chosen) {
    return weighted.mul(chosen).sum(0).div(chosen.sum(0).clamp_min(new Scalar(1.0)));
  }
}
