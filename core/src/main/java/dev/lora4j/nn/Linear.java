package dev.lora4j.nn;

import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A linear layer, {@code y = x Wᵀ + b}, with weight {@code [out, in]}: {@code nn.Linear}. */
public final class Linear extends Module implements WeightedLayer, DecodableLayer {
  private final WeightStore weight;
  private final @Nullable Parameter bias;

  public Linear(long inFeatures, long outFeatures) {
    this(inFeatures, outFeatures, true);
  }

  private Linear(long inFeatures, long outFeatures, boolean withBias) {
    Checks.positive("in_features", inFeatures);
    Checks.positive("out_features", outFeatures);
    weight = new DenseWeights(parameter("weight", Init.kaimingUniform(outFeatures, inFeatures)));
    bias = withBias ? parameter("bias", Init.uniformByFanIn(inFeatures, outFeatures)) : null;
  }

  private Linear(WeightStore weight, @Nullable Parameter bias) {
    this.weight = weight;
    weight.parameters().forEach(this::share);
    this.bias = bias == null ? null : share("bias", bias);
  }

  /**
   * Returns a layer over an existing weight and bias, which other modules may share: no copy, no
   * initialisation.
   *
   * @param weight {@code [out, in]}
   * @param bias {@code [out]}
   */
  public static Linear sharing(WeightStore weight, Optional<Parameter> bias) {
    Checks.dimensions("weight", weight.shape(), 2);
    bias.ifPresent(b -> Checks.vector("bias", b.value(), weight.shape()[0]));
    return new Linear(weight, bias.orElse(null));
  }

  /** The same over a dense weight. */
  public static Linear sharing(Parameter weight, Optional<Parameter> bias) {
    return sharing(new DenseWeights(weight), bias);
  }

  /** The same without a bias, such as a head tied to an embedding. */
  public static Linear sharing(Parameter weight) {
    return sharing(weight, Optional.empty());
  }

  public static Linear withoutBias(long inFeatures, long outFeatures) {
    return new Linear(inFeatures, outFeatures, false);
  }

  /**
   * @param input {@code [batch…, in]}
   * @return {@code [batch…, out]}
   */
  @Override
  public Tensor forward(Tensor input) {
    return weight.linear(input, bias == null ? null : bias.tensor());
  }

  @Override
  public Tensor forwardWith(Tensor input, Tensor weight, @Nullable Tensor bias) {
    return Ops.linear(input, weight, bias);
  }

  @Override
  public Tensor withoutBias(Tensor input) {
    return weight.linear(input, null);
  }

  @Override
  public Optional<LinearWeights> decodeWeights() {
    Optional<Tensor> ofBias = bias().flatMap(Parameter::memory).map(Tensor::detach);
    return ofBias.isPresent() == (bias != null) ? weight.decodeWeights(ofBias) : Optional.empty();
  }

  /** Returns a dense layer with the same values in memory of its own. */
  public Linear copy() {
    long[] shape = weight.shape();
    Linear copy = new Linear(shape[1], shape[0], bias != null);
    try (PointerScope scope = new PointerScope()) {
      copy.weight().copyFrom(weight.dense());
      copy.bias().ifPresent(b -> b.copyFrom(bias().orElseThrow().value()));
    }
    return copy;
  }

  @Override
  public Linear withStore(WeightStore other) {
    return sharing(other, bias());
  }

  /** {@code [out, in]}. */
  @Override
  public WeightStore store() {
    return weight;
  }

  @Override
  public Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }
}
