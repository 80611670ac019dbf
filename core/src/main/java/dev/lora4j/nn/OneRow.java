package dev.lora4j.nn;

import dev.lora4j.row.PlainMatrix;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The small operators of a single row, in plain Java: as one token is written after another, to
 * call libtorch's takes several times as long as the arithmetic. No gradient.
 */
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

  /** {@code x / √(mean(x²) + ε) · weight}. */
  static Tensor rmsNorm(Tensor x, double epsilon, @Nullable Tensor weight) {
    float[] row = values(x);
    double squares = 0;
    for (float number : row) {
      squares += number * number;
    }
    float factor = (float) (1 / Math.sqrt(squares / row.length + epsilon));
    if (weight == null) {
      for (int i = 0; i < row.length; i++) {
        row[i] *= factor;
      }
    } else {
      float[] scale = values(weight);
      for (int i = 0; i < row.length; i++) {
        row[i] = row[i] * factor * scale[i];
      }
    }
    return like(x, row);
  }

  /** Turns each head: {@code x · cos + (x with its halves exchanged) · sin}. */
  static Tensor turned(Tensor heads, Tensor cos, Tensor sin) {
    float[] row = values(heads);
    float[] c = values(cos);
    float[] s = values(sin);
    float[] turned = new float[row.length];
    int half = c.length / 2;
    for (int head = 0; head < row.length; head += c.length) {
      for (int i = 0; i < half; i++) {
        float left = row[head + i];
        float right = row[head + half + i];
        turned[head + i] = left * c[i] + right * s[i];
        turned[head + half + i] = right * c[half + i] + left * s[half + i];
      }
    }
    return like(heads, turned);
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

  private static Tensor like(Tensor tensor, float... values) {
    Tensor result = torch.empty_like(tensor);
    PlainMatrix.memory(result).put(values, 0, values.length);
    return result;
  }
}
