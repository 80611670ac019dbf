package dev.lora4j.llm.weights;

import dev.lora4j.io.DType;

/** How a loaded model keeps its matrices in memory; norms and biases are dense. */
public sealed interface WeightStorage {

  /**
   * As in the file: quantised weights stay in their blocks and are dequantised at each use.
   *
   * @param half whether matrices in half precision stay so in a model that is not quantised; else
   *     they are widened to float32, which takes twice the memory and makes products faster
   */
  record AsStored(boolean half) implements WeightStorage {}

  /** Dense, in this dtype: quantised weights are dequantised once. */
  record Dense(DType dtype) implements WeightStorage {}

  /** Quantised, tensor by tensor, when they are loaded. */
  record Quantized(Quantization to) implements WeightStorage {}

  /** Quantised weights as in the file, all others in float32. */
  static WeightStorage asStored() {
    return new AsStored(false);
  }

  /** All matrices as in the file, those in half precision too: the least memory. */
  static WeightStorage exactlyAsStored() {
    return new AsStored(true);
  }

  static WeightStorage dense(DType dtype) {
    return new Dense(dtype);
  }

  static WeightStorage quantized(Quantization to) {
    return new Quantized(to);
  }
}
