package dev.lora4j.nn.kernel;

/** The rotary position embedding of one position; see {@link Ops#rotated}. */
public final class RopeRotation {
  private final float[] cos;
  private final float[] sin;

  /**
   * @param cos the cosines, twice, {@code [dim]}
   * @param sin the negated sines, then the sines, {@code [dim]}
   */
  public RopeRotation(float[] cos, float[] sin) {
    this.cos = cos.clone();
    this.sin = sin.clone();
  }

  /** Rotates the heads between two indices of a row in place. */
  public void apply(FloatVector row, int from, int to) {
    int half = cos.length / 2;
    for (int head = from; head < to; head += cos.length) {
      for (int i = 0; i < half; i++) {
        float left = row.get(head + i);
        float right = row.get(head + half + i);
        row.put(head + i, left * cos[i] + right * sin[i]);
        row.put(head + half + i, right * cos[half + i] + left * sin[half + i]);
      }
    }
  }
}
