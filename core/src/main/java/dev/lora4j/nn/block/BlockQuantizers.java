package dev.lora4j.nn.block;

/** Quantisation to blocks of 32 values with one scale, equal to ggml's reference. */
final class BlockQuantizers {
  private static final int VALUES = 32;
  private static final int HALF = 16;

  private BlockQuantizers() {}

  /**
   * Q8_0: the scale is the largest magnitude divided by 127; {@code q = x / scale}, rounded half
   * away from zero.
   */
  static void q8(float[] in, int at, byte[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += VALUES, to += 34) {
      float largest = 0;
      for (int i = 0; i < VALUES; i++) {
        largest = Math.max(largest, Math.abs(in[at + i]));
      }
      float scale = largest / 127;
      float inverse = scale == 0 ? 0 : 1 / scale;
      Halves.put(scale, out, to);
      for (int i = 0; i < VALUES; i++) {
        out[to + 2 + i] = (byte) halfAwayFromZero(in[at + i] * inverse);
      }
    }
  }

  private static int halfAwayFromZero(float value) {
    int rounded = (int) (Math.abs(value) + 0.5f);
    return value < 0 ? -rounded : rounded;
  }

  /**
   * Q4_0: the value of the largest magnitude, with its sign, is −8 times the scale; {@code q = x /
   * scale + 8}, rounded, at most 15.
   */
  static void q4(float[] in, int at, byte[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += VALUES, to += 18) {
      float largest = 0;
      for (int i = 0; i < VALUES; i++) {
        largest = Math.abs(in[at + i]) > Math.abs(largest) ? in[at + i] : largest;
      }
      float scale = largest / -8;
      float inverse = scale == 0 ? 0 : 1 / scale;
      Halves.put(scale, out, to);
      for (int i = 0; i < HALF; i++) {
        int low = q4(in[at + i] * inverse);
        int high = q4(in[at + HALF + i] * inverse);
        out[to + 2 + i] = (byte) (low | high << 4);
      }
    }
  }

  private static int q4(float scaled) {
    return Math.min(15, (int) (scaled + 8.5f));
  }
}
