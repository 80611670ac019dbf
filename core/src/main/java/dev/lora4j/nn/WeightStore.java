package dev.lora4j.nn;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.Ops;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
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

  /**
   * Computes {@code y = x Wᵀ} without a gradient.
   *
   * @param x {@code [n, in]}
   * @param y {@code [n, out]}, whose rows may be apart; receives the product
   */
  default void multiply(Tensor x, Tensor y) {
    Ops.multiply(x, dense(), y);
  }

  /**
   * Computes {@code x = g W} without a gradient.
   *
   * @param g {@code [n, out]}, whose rows may be apart
   * @param x {@code [n, in]}, receives the product
   */
  default void multiplyTransposed(Tensor g, Tensor x) {
    torch.mm_out(x, g, dense());
  }

  /** Returns consecutive rows of the weight in floating point; perhaps the store's own memory. */
  default Tensor rows(long first, long count) {
    return dense().narrow(0, first, count);
  }

  /** Returns the number of rows to ask for at once, where not all are needed together. */
  default long rowsAtOnce() {
    return shape()[0];
  }

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
        "a weight in %s can't be trained, and no adapter can be merged into it; one in DenseWeights can: "
                .formatted(describe())
            + "load the base dequantised, make the layer dense, network.replace(path, layer.copy()),"
            + " or write a merged model with 'lora merge'");
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
