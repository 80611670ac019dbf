package dev.lora4j.nn;

import java.util.Arrays;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The transpose of a quantised weight, as GPT-2's layers have it.
 *
 * @param transpose {@code [out, in]}, for a weight of {@code [in, out]}
 */
public record TransposedWeights(WeightStore transpose) implements WeightStore {

  @Override
  public TransposedWeights over(UnaryOperator<Parameter> replacement) {
    return new TransposedWeights(transpose.over(replacement));
  }

  @Override
  public String describe() {
    return transpose.describe();
  }

  @Override
  public Map<String, Parameter> parameters() {
    return transpose.parameters();
  }

  @Override
  public long[] shape() {
    long[] shape = transpose.shape();
    return new long[] {shape[1], shape[0]};
  }

  @Override
  public Tensor linear(Tensor x, @Nullable Tensor bias) {
    Tensor y = x.matmul(transpose.dense());
    return bias == null ? y : y.add(bias);
  }

  @Override
  public Tensor lookup(Tensor indices, long paddingIndex) {
    return dense().index_select(0, indices.flatten()).view(lookedUp(indices));
  }

  private long[] lookedUp(Tensor indices) {
    long[] shape = Arrays.copyOf(indices.shape(), (int) indices.dim() + 1);
    shape[shape.length - 1] = transpose.shape()[0];
    return shape;
  }

  @Override
  public Tensor dense() {
    return transpose.dense().t();
  }
}
