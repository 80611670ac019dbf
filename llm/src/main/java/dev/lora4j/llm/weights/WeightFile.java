package dev.lora4j.llm.weights;

import dev.lora4j.io.TensorFile;
import dev.lora4j.nn.WeightStore;
import java.util.Optional;

/**
 * The tensors of a saved model, some of which may be quantised. As a {@link TensorFile} it has the
 * dequantised values; {@link #store} keeps them as they are.
 */
public interface WeightFile extends TensorFile {

  /** Returns the format of its quantised weights, such as {@code nf4} or {@code Q4_K}. */
  Optional<String> quantization();

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
