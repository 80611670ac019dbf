package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.ThreadTeam;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * A large matrix-vector product without a gradient, divided among the threads of the {@link
 * ThreadTeam}.
 */
final class ParallelGemv {
  private ParallelGemv() {}

  /** Returns whether a product is large enough to divide. */
  static boolean suits(Tensor x, Tensor weight) {
    return ThreadTeam.threads() > 1
        && !GradMode.is_enabled()
        && x.dim() >= 2
        && x.numel() == weight.size(1)
        && x.size(-1) == weight.size(1)
        && weight.numel() >= CostModel.SHARED_GEMV_MIN
        && FloatVector.isOne(x)
        && FloatMatrix.isOne(weight);
  }

  static Tensor linear(Tensor x, Tensor weight) {
    FloatMatrix matrix = FloatMatrix.of(weight);
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = matrix.rows();
    Tensor y = Ops.empty(shape);
    FloatPointer row = FloatMatrix.memory(x);
    FloatPointer outputs = FloatMatrix.memory(y);
    int least = (int) Math.max(1, CostModel.GEMV_PIECE / matrix.columns());
    ThreadTeam.parallel(
        (part, team) ->
            team.share(
                Math.toIntExact(matrix.rows()),
                least,
                (from, to) ->
                    matrix.rows(from, to - from).multiply(row, 1, FloatMatrix.at(outputs, from))));
    return y;
  }
}
