package dev.lora4j.nn;

import dev.lora4j.row.PlainMatrix;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What can be done with single rows without libtorch's operators, which take longer to call. */
final class OneRow {
  private OneRow() {}

  /** Whether this is one row of so many numbers, which Java may compute with. */
  static boolean suits(Tensor x, long numbers) {
    return x.numel() == numbers && !GradMode.is_enabled() && isPlain(x);
  }

  /** Whether these are floats that follow each other in memory. */
  static boolean isPlain(Tensor x) {
    return x.is_cpu() && x.scalar_type().intern() == ScalarType.Float && x.is_contiguous();
  }

  /** {@code y + scale · B A x}, in y's place. */
  static Tensor addLowRank(Tensor y, Tensor x, Tensor a, Tensor b, float scale) {
    try (FloatPointer features = new FloatPointer(a.size(0))) {
      PlainMatrix.of(a).multiply(PlainMatrix.memory(x), 1, features);
      PlainMatrix.of(b).addProduct(features, scale, PlainMatrix.memory(y));
    }
    return y;
  }

  static float[] values(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    PlainMatrix.memory(tensor).get(values);
    return values;
  }
}
