package dev.lora4j.nn;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.LinearWeights;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A base layer's weight as it is stored: dense, or quantised and dequantised at each use. */
public interface WeightStore {

  /** The tensors that hold the weight, by their name in state dicts, device moves, fingerprints. */
  Map<String, Parameter> parameters();

  /** The shape of the weight, such as {@code [out, in]}. */
  long[] shape();

  /**
   * Returns {@code x Wᵀ + b}, whose backward adds {@code g W} to the gradient of x. The store
   * chooses the kernel by the number of rows.
   *
   * @param x {@code [batch…, in]}
   * @param bias {@code [out]} or none
   * @return {@code [batch…, out]}
   */
  Tensor linear(Tensor x, @Nullable Tensor bias);

  /**
   * Returns the rows of the weight at these indices.
   *
   * @param indices {@code [batch…]}, int64
   * @param paddingIndex index of the row that gets no gradient; negative for none
   * @return {@code [batch…, in]}
   */
  Tensor lookup(Tensor indices, long paddingIndex);

  /** Returns the whole weight in floating point; perhaps the store's own memory. */
  Tensor dense();

  /** Returns weight and bias as decoding multiplies rows by them; empty if it has no kernel. */
  default Optional<LinearWeights> decodeWeights(Optional<Tensor> bias) {
    return Optional.empty();
  }

  /**
   * Returns the parameter that is the weight, to train it or to merge an adapter into it.
   *
   * @throws UserError if the weight is quantised
   */
  default Parameter parameter() {
    throw new UserError(
        "a weight in %s can't be trained, and no adapter can be merged into it; one in DenseWeights"
                .formatted(getClass().getSimpleName())
            + " can: make the layer dense first, network.replace(path, layer.copy())");
  }

  /**
   * Returns the same weight over other parameters, such as a replica's own.
   *
   * @param replacement returns the parameter to hold instead of one of {@link #parameters}
   */
  default WeightStore over(UnaryOperator<Parameter> replacement) {
    throw new UserError(
        "a weight in %s can't be shared with a replica of its model"
            .formatted(getClass().getSimpleName()));
  }

  /** Returns the storage's name in messages and records, such as {@code nf4} or {@code Q4_K}. */
  default String describe() {
    return getClass().getSimpleName();
  }

  /** Returns a value that differs after each change of the weight. */
  default long version() {
    return parameters().values().stream().mapToLong(Parameter::version).sum();
  }

  default Device device() {
    return parameters().values().iterator().next().value().device();
  }
}
