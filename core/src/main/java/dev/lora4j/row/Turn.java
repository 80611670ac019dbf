package dev.lora4j.row;

/**
 * The turn of heads by their position (Su et al. 2021, arXiv:2104.09864, §3.4.2): {@code x · cos +
 * (x with its halves exchanged) · sin}.
 */
public final class Turn {
  private final float[] cos;
  private final float[] sin;

  /**
   * @param cos the cosines, twice side by side, as long as a head
   * @param sin minus the sines, and the sines
   */
  public Turn(float[] cos, float[] sin) {
    this.cos = cos.clone();
    this.sin = sin.clone();
  }

  /** Turns the heads from one place of a row up to another, in their place. */
  public void apply(Row row, int from, int to) {
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
