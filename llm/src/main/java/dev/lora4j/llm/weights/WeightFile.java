package dev.lora4j.llm.weights;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorFile;
import dev.lora4j.nn.WeightStore;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The tensors of a saved model, some of which may be quantised. As a {@link TensorFile} it has the
 * dequantised values; {@link #store} keeps them as they are.
 */
public interface WeightFile extends TensorFile {

  /** Returns the format of its quantised weights, such as {@code nf4} or {@code Q4_K}. */
  Optional<String> quantization();

  /** Returns whether a tensor is quantised, so that reading it dequantises it. */
  boolean isQuantized(String name);

  /**
   * Returns the dtype that loses least for its size when all weights are written densely: that of
   * the widest matrix that is not quantised, else F16, whose 11 significant bits hold a dequantised
   * value better than the 8 of BF16.
   */
  default DType denseDType() {
    Set<DType> plain =
        names().stream()
            .filter(name -> !isQuantized(name) && shape(name).size() > 1)
            .map(this::dtype)
            .collect(Collectors.toSet());
    if (plain.contains(DType.F32) || plain.contains(DType.F64)) {
      return DType.F32;
    }
    return plain.contains(DType.BF16) ? DType.BF16 : DType.F16;
  }

  /**
   * Returns a matrix as the file stores it: quantised, or in half precision. Its memory is the
   * file's own pages where the layout allows it.
   *
   * @param transposed whether the layer has its weight as {@code [in, out]}, of which the store is
   *     to hold the transpose
   * @return {@code [out, in]}; empty if the matrix is in float32, or stored the other way round
   */
  Optional<WeightStore> store(String name, boolean transposed);
}
