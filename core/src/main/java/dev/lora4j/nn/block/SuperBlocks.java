package dev.lora4j.nn.block;

/**
 * Dequantisation of super-blocks of 256 values with 4 to 6 bits, in groups whose scales of a few
 * bits are multiplied by the scale of the block.
 */
public final class SuperBlocks {
  private static final int VALUES = 256;
  private static final int GROUP = 32;
  private static final int SCALES = 4;
  private static final int AFTER_SCALES = 16;

  private static final float[] LESS_32 = ByteTables.of(q -> q - 32);

  private SuperBlocks() {}

  /**
   * {@code scale, minimum, 12 bytes of scales and minima, 128 bytes}: {@code (scale · s) · q −
   * (minimum · m)} for each group of 32.
   */
  static void q4(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 144, to += VALUES) {
      float blockScale = Halves.at(in, at);
      float blockMinimum = Halves.at(in, at + 2);
      for (int pair = 0; pair < 4; pair++) {
        float low = blockScale * scale(in, at + SCALES, 2 * pair);
        float lowMinimum = blockMinimum * minimum(in, at + SCALES, 2 * pair);
        float high = blockScale * scale(in, at + SCALES, 2 * pair + 1);
        float highMinimum = blockMinimum * minimum(in, at + SCALES, 2 * pair + 1);
        int from = at + AFTER_SCALES + pair * GROUP;
        int first = to + 2 * pair * GROUP;
        for (int i = 0; i < GROUP; i++) {
          int fours = in[from + i] & 0xff;
          out[first + i] = low * ByteTables.LOW[fours] - lowMinimum;
          out[first + GROUP + i] = high * ByteTables.HIGH[fours] - highMinimum;
        }
      }
    }
  }

  /** As {@link #q4}, with a fifth bit of each value in 32 bytes before the other four. */
  static void q5(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 176, to += VALUES) {
      float blockScale = Halves.at(in, at);
      float blockMinimum = Halves.at(in, at + 2);
      int fifths = at + AFTER_SCALES;
      for (int group = 0; group < VALUES / GROUP; group++) {
        float scale = blockScale * scale(in, at + SCALES, group);
        float minimum = blockMinimum * minimum(in, at + SCALES, group);
        int from = fifths + GROUP + group / 2 * GROUP;
        int shift = group % 2 * 4;
        int first = to + group * GROUP;
        for (int i = 0; i < GROUP; i++) {
          int q = ((in[from + i] >> shift) & 0xf) | (((in[fifths + i] >> group) & 1) << 4);
          out[first + i] = scale * ByteTables.UNSIGNED[q] - minimum;
        }
      }
    }
  }

  /**
   * Returns a 6-bit scale: bytes 0 to 3 for the first four groups; for the others the low four bits
   * of a byte and the top two of an earlier one.
   */
  public static int scale(byte[] in, int at, int group) {
    return group < 4
        ? in[at + group] & 0x3f
        : (in[at + group + 4] & 0xf) | ((in[at + group - 4] >> 2) & 0x30);
  }

  /** Returns a 6-bit minimum, from bytes 4 to 7 and the upper halves of the last four. */
  public static int minimum(byte[] in, int at, int group) {
    return group < 4
        ? in[at + group + 4] & 0x3f
        : ((in[at + group + 4] >> 4) & 0xf) | ((in[at + group] >> 2) & 0x30);
  }

  /**
   * {@code 128 bytes of low four bits, 64 of the two above, 16 signed scales, scale}: {@code (scale
   * · s) · (q − 32)} for each group of 16.
   */
  static void q6(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 210, to += VALUES) {
      float blockScale = Halves.at(in, at + 208);
      for (int group = 0; group < VALUES / 16; group++) {
        int half = group / 8; // each half has 64 bytes of low bits and 32 of high ones
        int within = group % 8 * 16;
        int low = at + 64 * half + within % 64;
        int high = at + 128 + GROUP * half + within % GROUP;
        int lowShift = within < 64 ? 0 : 4;
        int highShift = within / GROUP * 2;
        float scale = blockScale * in[at + 192 + group];
        int first = to + 16 * group;
        for (int i = 0; i < 16; i++) {
          int q = ((in[low + i] >> lowShift) & 0xf) | (((in[high + i] >> highShift) & 3) << 4);
          out[first + i] = scale * LESS_32[q];
        }
      }
    }
  }
}
