package dev.lora4j.nn;

import dev.lora4j.row.PlainMatrix;
import dev.lora4j.row.Row;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/** Matrix-vector products of single rows in plain memory, where calling an operator costs more. */
final class OneRow {
  private OneRow() {}

  /** Returns whether x is one row of this size in plain memory, without a gradient. */
  static boolean suits(Tensor x, long size) {
    return x.numel() == size && !GradMode.is_enabled() && Row.isOne(x);
  }

  /** Computes {@code y + scale · B A x} in y's memory. */
  static Tensor addLowRank(Tensor y, Tensor x, Tensor a, Tensor b, float scale) {
    try (FloatPointer features = new FloatPointer(a.size(0))) {
      PlainMatrix.of(a).multiply(PlainMatrix.memory(x), 1, features);
      PlainMatrix.of(b).addProduct(features, scale, PlainMatrix.memory(y));
    }
    return y;
  }
}
