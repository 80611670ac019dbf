package dev.lora4j.io.gguf;

import java.nio.ByteBuffer;

/**
 * Dequantisation of super-blocks of 256 values, in groups whose scales of a few bits are multiplied
 * by the scale of the block.
 */
final class SuperBlocks {
  private static final int GROUP = 32;
  private static final int SCALES = 4;
  private static final int AFTER_SCALES = 16;

  private SuperBlocks() {}

  /**
   * {@code scale, minimum, 12 bytes of scales and minima, 128 bytes}: {@code (scale · s) · q −
   * (minimum · m)} for each group of 32.
   */
  static void q4(ByteBuffer in, int at, float[] out) {
    groups(in, at, at + AFTER_SCALES, -1, out);
  }

  /** As {@link #q4}, with a fifth bit of each value in 32 bytes before the other four. */
  static void q5(ByteBuffer in, int at, float[] out) {
    int fifths = at + AFTER_SCALES;
    groups(in, at, fifths + GROUP, fifths, out);
  }

  private static void groups(ByteBuffer in, int at, int fours, int fifths, float[] out) {
    float blockScale = Half.at(in, at);
    float blockMinimum = Half.at(in, at + 2);
    for (int group = 0; group < out.length / GROUP; group++) {
      float scale = blockScale * scale(in, at + SCALES, group);
      float minimum = blockMinimum * minimum(in, at + SCALES, group);
      for (int i = 0; i < GROUP; i++) {
        int pair = in.get(fours + group / 2 * GROUP + i);
        int q = (group % 2 == 0 ? pair : pair >> 4) & 0xf;
        if (fifths >= 0) {
          q |= (in.get(fifths + i) >> group & 1) << 4;
        }
        out[group * GROUP + i] = scale * q - minimum;
      }
    }
  }

  /**
   * Returns a 6-bit scale: bytes 0 to 3 for the first four groups; for the others the low four bits
   * of a byte and the top two of an earlier one.
   */
  private static int scale(ByteBuffer in, int at, int group) {
    return group < 4
        ? in.get(at + group) & 0x3f
        : (in.get(at + group + 4) & 0xf) | (in.get(at + group - 4) >> 2 & 0x30);
  }

  /** Returns a 6-bit minimum, from bytes 4 to 7 and the upper halves of the last four. */
  private static int minimum(ByteBuffer in, int at, int group) {
    return group < 4
        ? in.get(at + group + 4) & 0x3f
        : (in.get(at + group + 4) >> 4 & 0xf) | (in.get(at + group) >> 2 & 0x30);
  }

  /**
   * {@code 128 bytes of low four bits, 64 of the two above, 16 signed scales, scale}: {@code (scale
   * · s) · (q − 32)} for each group of 16.
   */
  static void q6(ByteBuffer in, int at, float[] out) {
    float blockScale = Half.at(in, at + 208);
    for (int i = 0; i < out.length; i++) {
      int half = i / 128; // each half has 64 bytes of low bits and 32 of high ones
      int within = i % 128;
      int low = in.get(at + 64 * half + within % 64) >> (within < 64 ? 0 : 4) & 0xf;
      int high = in.get(at + 128 + GROUP * half + within % GROUP) >> (2 * (within / GROUP)) & 3;
      float scale = blockScale * in.get(at + 192 + i / 16);
      out[i] = scale * ((low | (high << 4)) - 32);
    }
  }
}
