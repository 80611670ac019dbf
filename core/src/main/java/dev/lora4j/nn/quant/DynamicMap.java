package dev.lora4j.nn.quant;

import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The 8-bit code book of double quantisation: for each decimal exponent from −6 to 0 evenly spaced
 * values, twice as many as for the one before (Dettmers et al. 2022, <a
 * href="https://arxiv.org/abs/2110.02861">arXiv:2110.02861</a>, §1.3).
 */
final class DynamicMap {
  private static final int NESTED_BLOCK = 256;
  private static final int EXPONENTS = 7;
  private static final int CODES = 256;
  private static final float STEPS = (1 << 16) - 1;

  private DynamicMap() {}

  /** Returns the 256 values, ascending. */
  static float[] values() {
    float[] values = new float[CODES];
    int count = 0;
    for (int exponent = 0; exponent < EXPONENTS; exponent++) {
      int items = 1 << exponent;
      Tensor bounds = torch.linspace(new Scalar(0.1), new Scalar(1.0), items + 1);
      float[] some = Ops.floats(bounds);
      float power = (float) Math.pow(10, exponent - (EXPONENTS - 1));
      for (int i = 0; i < items; i++) {
        float value = power * ((some[i] + some[i + 1]) / 2);
        values[count++] = value;
        values[count++] = -value;
      }
    }
    values[count++] = 0;
    values[count] = 1;
    Arrays.sort(values);
    return values;
  }

  /**
   * Quantises the largest magnitudes of blocks, less their mean.
   *
   * @param absmax {@code [blocks]}
   */
  static Absmax.Nested nested(Tensor absmax) {
    Tensor mean = absmax.mean();
    float[] values = Ops.floats(absmax.sub(mean));
    float[] map = values();
    float[] largest = new float[(values.length + NESTED_BLOCK - 1) / NESTED_BLOCK];
    byte[] codes = new byte[values.length];
    for (int block = 0; block < largest.length; block++) {
      int first = block * NESTED_BLOCK;
      int end = Math.min(values.length, first + NESTED_BLOCK);
      for (int i = first; i < end; i++) {
        largest[block] = Math.max(largest[block], Math.abs(values[i]));
      }
      for (int i = first; i < end; i++) {
        codes[i] = largest[block] == 0 ? 0 : (byte) nearest(map, values[i] * (1 / largest[block]));
      }
    }
    return new Absmax.Nested(
        Parameter.frozen(HeapCopies.bytes(codes)),
        Parameter.frozen(Ops.tensor(largest, largest.length)),
        Parameter.frozen(Ops.tensor(map, CODES)),
        Parameter.frozen(mean.view(1)),
        NESTED_BLOCK);
  }

  /** Returns the code nearest to a value that is rounded to 16 bits first, as in bitsandbytes. */
  private static int nearest(float[] map, float value) {
    float within = (Math.max(-1, Math.min(1, value)) + 1) * 0.5f;
    int step = (int) Math.fma(within, STEPS, 0.5f);
    float rounded = -1 + 2f * step / STEPS;
    int code = 0;
    while (code < map.length - 1 && 0.5f * (map[code] + map[code + 1]) < rounded) {
      code++;
    }
    return code;
  }
}
