package dev.lora4j.nn.block;

/**
 * Dequantisation of super-blocks of 256 values with 2 or 3 bits, in groups of 16. Byte i of 32
 * holds two bits of values i, i + 32, i + 64 and i + 96 of a half block.
 */
final class LowBitBlocks {
  private static final int VALUES = 256;
  private static final int GROUPS = 16;
  private static final int GROUP = 16;

  private static final float[] LESS_4 = ByteTables.of(q -> q - 4);

  private LowBitBlocks() {}

  /**
   * {@code 16 bytes of scale and minimum, 64 bytes, scale, minimum}: {@code (scale · s) · q −
   * (minimum · m)}.
   */
  static void q2(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 84, to += VALUES) {
      float blockScale = Halves.at(in, at + 80);
      float blockMinimum = Halves.at(in, at + 82);
      for (int group = 0; group < GROUPS; group++) {
        int both = in[at + group];
        float scale = blockScale * (both & 0xf);
        float minimum = blockMinimum * (both >> 4 & 0xf);
        int from = at + 16 + twos(group);
        int shift = shift(group);
        int first = to + GROUP * group;
        for (int i = 0; i < GROUP; i++) {
          out[first + i] = scale * ByteTables.UNSIGNED[in[from + i] >> shift & 3] - minimum;
        }
      }
    }
  }

  /**
   * {@code 32 bytes of high bits, 64 of the low two, 12 of 6-bit scales, scale}: {@code (scale · (s
   * − 32)) · (q − 4)}.
   */
  static void q3(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 110, to += VALUES) {
      float blockScale = Halves.at(in, at + 108);
      for (int group = 0; group < GROUPS; group++) {
        float scale = blockScale * (scale(in, at + 96, group) - 32);
        int high = at + group % 2 * GROUP;
        int highShift = group / 2;
        int from = at + 32 + twos(group);
        int shift = shift(group);
        int first = to + GROUP * group;
        for (int i = 0; i < GROUP; i++) {
          int q = ((in[from + i] >> shift) & 3) | (((in[high + i] >> highShift) & 1) << 2);
          out[first + i] = scale * LESS_4[q];
        }
      }
    }
  }

  /** Returns a 6-bit scale: four bits in the first eight bytes, two in the last four. */
  private static int scale(byte[] in, int at, int group) {
    int low = (in[at + group % 8] >> (group / 8 * 4)) & 0xf;
    return low | (((in[at + 8 + group % 4] >> (group / 4 * 2)) & 3) << 4);
  }

  /** Returns the index of the byte with the group's first two bits. */
  private static int twos(int group) {
    return group / 8 * 32 + group % 2 * GROUP;
  }

  private static int shift(int group) {
    return group % 8 / 2 * 2;
  }
}
