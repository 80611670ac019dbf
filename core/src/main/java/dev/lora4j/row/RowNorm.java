package dev.lora4j.row;

/**
 * {@code x / √(mean(x²) + ε) · weight} of a row, or of parts of one that are as long as the weight
 * (Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4).
 */
public final class RowNorm {
  private final float[] weight;
  private final double epsilon;

  /**
   * @param weight a number for each place
   */
  public RowNorm(float[] weight, double epsilon) {
    this.weight = weight.clone();
    this.epsilon = epsilon;
  }

  /** From a row, as long as the weight, to another. */
  public void apply(Row from, Row to) {
    apply(from, to, 0);
  }

  /** Normalises each part of some, one after the other, in its place. */
  public void applyToParts(Row row, int from, int to) {
    for (int begin = from; begin < to; begin += weight.length) {
      apply(row, row, begin);
    }
  }

  private void apply(Row from, Row to, int begin) {
    double squares = 0;
    for (int i = 0; i < weight.length; i++) {
      float number = from.get(begin + i);
      squares += number * number;
    }
    float factor = (float) (1 / Math.sqrt(squares / weight.length + epsilon));
    for (int i = 0; i < weight.length; i++) {
      to.put(begin + i, from.get(begin + i) * factor * weight[i]);
    }
  }
}
