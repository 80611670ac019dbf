package dev.lora4j.nn;

import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The layer {@code y = x W + b}, from {@code N(0, 0.02²)}: {@code Conv1D} in transformers. */
public final class TransposedLinear extends Module implements WeightedLayer {
  private static final double STD = 0.02;

  private final WeightStore weight;
  private final Parameter bias;

  public TransposedLinear(long inFeatures, long outFeatures) {
    Checks.positive("in_features", inFeatures);
    Checks.positive("out_features", outFeatures);
    weight = new DenseWeights(parameter("weight", Init.normal(0, STD, inFeatures, outFeatures)));
    bias = parameter("bias", Ops.zeros(outFeatures));
  }

  private TransposedLinear(WeightStore weight, Parameter bias) {
    this.weight = weight;
    weight.parameters().forEach(this::share);
    this.bias = share("bias", bias);
  }

  /**
   * Returns a layer over existing parameters, which other modules may share.
   *
   * @param weight {@code [in, out]}
   * @param bias {@code [out]}
   */
  public static TransposedLinear sharing(Parameter weight, Parameter bias) {
    Checks.dimensions("weight", weight.shape(), 2);
    Checks.vector("bias", bias.value(), weight.shape()[1]);
    return new TransposedLinear(new DenseWeights(weight), bias);
  }

  @Override
  public TransposedLinear withStore(WeightStore other) {
    return new TransposedLinear(other, bias);
  }

  /**
   * @param input {@code [batch…, in]}
   * @return {@code [batch…, out]}
   */
  @Override
  public Tensor forward(Tensor input) {
    return weight instanceof TransposedWeights quantized
        ? quantized.transpose().linear(input, bias.tensor())
        : forwardWith(input, weight.dense(), bias.tensor());
  }

  @Override
  public Tensor forwardWith(Tensor input, Tensor weight, @Nullable Tensor bias) {
    return Ops.linear(input, weight.t(), bias);
  }

  /** {@code [in, out]}. */
  @Override
  public WeightStore store() {
    return weight;
  }

  @Override
  public Optional<Parameter> bias() {
    return Optional.of(bias);
  }

  @Override
  public int outputAxis() {
    return 1;
  }
}
