package dev.lora4j.nn.block;

import org.jspecify.annotations.Nullable;

/**
 * Dot products of float arrays whose bits are the same on every CPU: element i is added, by a fused
 * multiply-add, to sum {@code i mod 64}, and the 64 sums are added in pairs {@code i, i + n/2}.
 */
public final class DotProduct {
  private static final @Nullable VectorArithmetic VECTORS = VectorArithmetic.PRESENT.orElse(null);
  private static final int SUMS = 64;
  private static final int FOLDED = 16;

  private DotProduct() {}

  /** Returns the size of arrays with so many elements, followed by zeros and room for sums. */
  public static int paddedSize(int elements) {
    return padded(elements) + FOLDED;
  }

  static int padded(int elements) {
    return (elements + SUMS - 1) / SUMS * SUMS;
  }

  /**
   * Returns the dot product of the first elements of two arrays.
   *
   * @param a of the padded size; its room for sums is overwritten
   * @param b of the padded size
   */
  public static float of(float[] a, float[] b, int elements) {
    int end = padded(elements);
    if (VECTORS == null) {
      sums(a, b, end);
    } else {
      VECTORS.sums(a, b, end);
    }
    return total(a, end);
  }

  /** Writes the sums, added up to 16, after the elements of a. */
  static void sums(float[] a, float[] b, int end) {
    float[] sums = new float[SUMS];
    for (int i = 0; i < end; i += SUMS) {
      for (int j = 0; j < SUMS; j++) {
        sums[j] = Math.fma(a[i + j], b[i + j], sums[j]);
      }
    }
    fold(sums, SUMS, FOLDED);
    System.arraycopy(sums, 0, a, end, FOLDED);
  }

  private static void fold(float[] sums, int from, int to) {
    for (int count = from / 2; count >= to; count /= 2) {
      for (int j = 0; j < count; j++) {
        sums[j] += sums[count + j];
      }
    }
  }

  private static float total(float[] a, int at) {
    float s0 = a[at] + a[at + 8] + (a[at + 4] + a[at + 12]);
    float s1 = a[at + 1] + a[at + 9] + (a[at + 5] + a[at + 13]);
    float s2 = a[at + 2] + a[at + 10] + (a[at + 6] + a[at + 14]);
    float s3 = a[at + 3] + a[at + 11] + (a[at + 7] + a[at + 15]);
    return s0 + s2 + (s1 + s3);
  }
}
