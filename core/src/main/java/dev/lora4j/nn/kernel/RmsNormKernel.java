package dev.lora4j.nn.kernel;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** RMS normalisation of a row, or of equal parts of it; see {@link dev.lora4j.nn.RmsNorm}. */
public final class RmsNormKernel {
  private final float[] weight;
  private final double epsilon;

  public RmsNormKernel(float[] weight, double epsilon) {
    this.weight = weight.clone();
    this.epsilon = epsilon;
  }

  /**
   * Copies the weight of a norm; empty unless it is float32 in plain CPU memory.
   *
   * @param weight {@code [dim]}
   */
  public static Optional<RmsNormKernel> of(Tensor weight, double epsilon) {
    if (!FloatVector.isOne(weight)) {
      return Optional.empty();
    }
    float[] values = new float[Math.toIntExact(weight.numel())];
    FloatMatrix.memory(weight).get(values);
    return Optional.of(new RmsNormKernel(values, epsilon));
  }

  /** Returns the norm whose weight is larger by this offset. */
  public RmsNormKernel plus(float offset) {
    float[] larger = weight.clone();
    for (int i = 0; i < larger.length; i++) {
      larger[i] += offset;
    }
    return new RmsNormKernel(larger, epsilon);
  }

  /** Normalises a row, as long as the weight, into another. */
  public void apply(FloatVector from, FloatVector to) {
    apply(from, to, 0);
  }

  /** Normalises each part between two indices of a row in place. */
  public void applyToParts(FloatVector row, int from, int to) {
    for (int begin = from; begin < to; begin += weight.length) {
      apply(row, row, begin);
    }
  }

  private void apply(FloatVector from, FloatVector to, int begin) {
    double squares = 0;
    for (int i = 0; i < weight.length; i++) {
      float value = from.get(begin + i);
      squares += value * value;
    }
    float factor = (float) (1 / Math.sqrt(squares / weight.length + epsilon));
    for (int i = 0; i < weight.length; i++) {
      to.put(begin + i, from.get(begin + i) * factor * weight[i]);
    }
  }
}
