package dev.lora4j.nn;

import dev.lora4j.row.CostModel;
import dev.lora4j.row.PlainMatrix;
import dev.lora4j.row.Row;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * A large matrix-vector product without a gradient, shared by the {@link Crew}: each thread
 * computes some of the outputs.
 */
final class CrewProduct {
  private CrewProduct() {}

  /** Returns whether a product is worth sharing. */
  static boolean suits(Tensor x, Tensor weight) {
    return Crew.threads() > 1
        && !GradMode.is_enabled()
        && x.dim() >= 2
        && x.numel() == weight.size(1)
        && x.size(-1) == weight.size(1)
        && weight.numel() >= CostModel.SHARED_GEMV_MIN
        && Row.isOne(x)
        && PlainMatrix.isOne(weight);
  }

  /** Returns {@code x Wᵀ}, {@code [1…, out]}. */
  static Tensor linear(Tensor x, Tensor weight) {
    PlainMatrix matrix = PlainMatrix.of(weight);
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = matrix.rows();
    Tensor y = Ops.empty(shape);
    FloatPointer row = PlainMatrix.memory(x);
    FloatPointer outputs = PlainMatrix.memory(y);
    int least = (int) Math.max(1, CostModel.GEMV_PIECE / matrix.columns());
    Crew.walk(
        (part, team) ->
            team.share(
                Math.toIntExact(matrix.rows()),
                least,
                (from, to) ->
                    matrix.rows(from, to - from).multiply(row, 1, PlainMatrix.at(outputs, from))));
    return y;
  }
}
