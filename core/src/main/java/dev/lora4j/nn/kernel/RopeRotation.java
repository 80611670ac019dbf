package dev.lora4j.nn.kernel;

/** The rotary position embedding of one position; see {@link Ops#rotated}. */
public final class RopeRotation {
  private final float[] cos;
  private final float[] sin;
  private final int headDim;

  /**
   * @param cos the cosines, twice, {@code [rotated]}
   * @param sin the negated sines, then the sines, {@code [rotated]}
   * @param headDim size of a head; what follows its rotated part stays as it is
   */
  public RopeRotation(float[] cos, float[] sin, int headDim) {
    this.cos = cos.clone();
    this.sin = sin.clone();
    this.headDim = headDim;
  }

  /** Rotates the heads between two indices of a row in place. */
  public void apply(FloatVector row, int from, int to) {
    int half = cos.length / 2;
    for (int head = from; head < to; head += headDim) {
      for (int i = 0; i < half; i++) {
        float left = row.get(head + i);
        float right = row.get(head + half + i);
        row.put(head + i, left * cos[i] + right * sin[i]);
        row.put(head + half + i, right * cos[half + i] + left * sin[half + i]);
      }
    }
  }
}
