package dev.lora4j.nn.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/** Matrix-vector products of single rows in plain memory, where calling an operator costs more. */
final class Gemv {
  private Gemv() {}

  /** Returns whether x is one row of this size in plain memory, without a gradient. */
  static boolean suits(Tensor x, long size) {
    return x.numel() == size && !GradMode.is_enabled() && FloatVector.isOne(x);
  }

  static Tensor addLowRank(Tensor y, Tensor x, Tensor a, Tensor b, float scale) {
    try (FloatPointer features = new FloatPointer(a.size(0))) {
      FloatMatrix.of(a).multiply(FloatMatrix.memory(x), 1, features);
      FloatMatrix.of(b).addProduct(features, scale, FloatMatrix.memory(y));
    }
    return y;
  }
}
