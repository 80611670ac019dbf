package dev.lora4j.vision;

/**
 * Bilinear resampling of one line of pixels, equal to Pillow's {@code BILINEAR} filter: each output
 * pixel is a mean under a triangle that spans one source pixel to each side, or more in a
 * reduction.
 */
@SuppressWarnings("ArrayRecordComponent") // arrays, but instances are never compared
record Bilinear(int[] first, float[][] weights) {

  /** Returns the weights for resampling a line of {@code from} pixels to {@code to} pixels. */
  static Bilinear between(int from, int to) {
    double scale = (double) from / to;
    double radius = Math.max(scale, 1);
    int[] first = new int[to];
    float[][] weights = new float[to][];
    for (int i = 0; i < to; i++) {
      double centre = (i + 0.5) * scale;
      int begin = Math.max(0, (int) (centre - radius + 0.5));
      int end = Math.min(from, (int) (centre + radius + 0.5));
      first[i] = begin;
      weights[i] = triangle(centre, radius, begin, end);
    }
    return new Bilinear(first, weights);
  }

  private static float[] triangle(double centre, double radius, int begin, int end) {
    float[] weights = new float[end - begin];
    double sum = 0;
    for (int k = begin; k < end; k++) {
      double weight = Math.max(0, 1 - Math.abs(k + 0.5 - centre) / radius);
      weights[k - begin] = (float) weight;
      sum += weight;
    }
    for (int k = 0; k < weights.length; k++) {
      weights[k] /= (float) sum;
    }
    return weights;
  }

  void apply(float[] source, float[] target) {
    for (int i = 0; i < target.length; i++) {
      float sum = 0;
      for (int k = 0; k < weights[i].length; k++) {
        sum += weights[i][k] * source[first[i] + k];
      }
      target[i] = sum;
    }
  }
}
