package dev.lora4j.nn.block;

/**
 * The approximation of some values by {@code scale · q − minimum}, q from 0 to a largest integer,
 * with neither scale nor minimum negative.
 *
 * @param error sum of the squared differences
 */
record GroupFit(float scale, float minimum, double error) {
  private static final int ROUNDINGS = 20;
  private static final double SMALLEST_RANGE = 0.9;
  private static final double RANGE_STEP = 0.01;

  /**
   * Returns the best fit of the roundings that are tried: ranges around that of the values, each
   * followed by the least squares of its integers.
   */
  static GroupFit best(float[] values, int from, int count, int largest) {
    float low = 0;
    float high = 0;
    for (int i = from; i < from + count; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    GroupFit best = of(values, from, count, (high - low) / largest, -low, largest);
    for (int i = 0; i < ROUNDINGS; i++) {
      double range = SMALLEST_RANGE + RANGE_STEP * i;
      GroupFit next = refined(values, from, count, (float) (best.scale * range), -low, largest);
      best = next.error < best.error ? next : best;
    }
    return best;
  }

  private static GroupFit of(
      float[] values, int from, int count, float scale, float minimum, int largest) {
    double error = 0;
    for (int i = from; i < from + count; i++) {
      double found = (double) scale * nearest(values[i], scale, minimum, largest) - minimum;
      error += (found - values[i]) * (found - values[i]);
    }
    return new GroupFit(scale, minimum, error);
  }

  /** Returns the least-squares fit for the integers to which this scale and minimum round. */
  private static GroupFit refined(
      float[] values, int from, int count, float scale, float minimum, int largest) {
    double sumQ = 0;
    double sumQq = 0;
    double sumX = 0;
    double sumQx = 0;
    for (int i = from; i < from + count; i++) {
      int q = nearest(values[i], scale, minimum, largest);
      sumQ += q;
      sumQq += q * q;
      sumX += values[i];
      sumQx += q * (double) values[i];
    }
    double spread = count * sumQq - sumQ * sumQ;
    if (spread <= 0) {
      return of(values, from, count, scale, minimum, largest);
    }
    double fitted = (count * sumQx - sumQ * sumX) / spread;
    double offset = (fitted * sumQ - sumX) / count;
    if (offset < 0) { // a minimum has no sign
      offset = 0;
      fitted = sumQq == 0 ? 0 : sumQx / sumQq;
    }
    return of(values, from, count, (float) Math.max(0, fitted), (float) offset, largest);
  }

  /** Returns the integer whose value is nearest. */
  static int nearest(float value, float scale, float minimum, int largest) {
    return scale == 0 ? 0 : Math.max(0, Math.min(largest, Math.round((value + minimum) / scale)));
  }
}
