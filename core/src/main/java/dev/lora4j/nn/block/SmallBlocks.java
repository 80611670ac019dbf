package dev.lora4j.nn.block;

/**
 * Dequantisation of blocks of 32 values with one scale. Byte i of 16 holds the low four bits of
 * values i and i + 16; a fifth bit of value i is bit i of four more bytes.
 */
final class SmallBlocks {
  private static final int VALUES = 32;
  private static final int HALF = 16;

  private static final float[] LOW_LESS_8 = ByteTables.of(pair -> (pair & 0xf) - 8);
  private static final float[] HIGH_LESS_8 = ByteTables.of(pair -> (pair >> 4) - 8);

  private static final float[] LESS_16 = ByteTables.of(q -> q - 16);

  private SmallBlocks() {}

  /** {@code scale, 16 bytes}: {@code scale · (q − 8)}. */
  static void q4WithoutMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 18, to += VALUES) {
      float scale = Halves.at(in, at);
      for (int i = 0; i < HALF; i++) {
        int pair = in[at + 2 + i] & 0xff;
        out[to + i] = scale * LOW_LESS_8[pair];
        out[to + HALF + i] = scale * HIGH_LESS_8[pair];
      }
    }
  }

  /** {@code scale, minimum, 16 bytes}: {@code scale · q + minimum}. */
  static void q4WithMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 20, to += VALUES) {
      float scale = Halves.at(in, at);
      float minimum = Halves.at(in, at + 2);
      for (int i = 0; i < HALF; i++) {
        int pair = in[at + 4 + i] & 0xff;
        out[to + i] = scale * ByteTables.LOW[pair] + minimum;
        out[to + HALF + i] = scale * ByteTables.HIGH[pair] + minimum;
      }
    }
  }

  /** {@code scale, fifth bits, 16 bytes}: {@code scale · (q − 16)}. */
  static void q5WithoutMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 22, to += VALUES) {
      float scale = Halves.at(in, at);
      int fifths = int32(in, at + 2);
      for (int i = 0; i < HALF; i++) {
        int pair = in[at + 6 + i];
        out[to + i] = scale * LESS_16[(pair & 0xf) | fifth(fifths, i)];
        out[to + HALF + i] = scale * LESS_16[((pair >> 4) & 0xf) | fifth(fifths, i + HALF)];
      }
    }
  }

  /** {@code scale, minimum, fifth bits, 16 bytes}: {@code scale · q + minimum}. */
  static void q5WithMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 24, to += VALUES) {
      float scale = Halves.at(in, at);
      float minimum = Halves.at(in, at + 2);
      int fifths = int32(in, at + 4);
      for (int i = 0; i < HALF; i++) {
        int pair = in[at + 8 + i];
        int low = (pair & 0xf) | fifth(fifths, i);
        int high = ((pair >> 4) & 0xf) | fifth(fifths, i + HALF);
        out[to + i] = scale * ByteTables.UNSIGNED[low] + minimum;
        out[to + HALF + i] = scale * ByteTables.UNSIGNED[high] + minimum;
      }
    }
  }

  /** {@code scale, 32 signed bytes}: {@code scale · q}. */
  static void q8(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 34, to += VALUES) {
      float scale = Halves.at(in, at);
      for (int i = 0; i < VALUES; i++) {
        out[to + i] = scale * ByteTables.SIGNED[in[at + 2 + i] & 0xff];
      }
    }
  }

  private static int fifth(int fifths, int i) {
    return ((fifths >> i) & 1) << 4;
  }

  private static int int32(byte[] in, int at) {
    return (in[at] & 0xff)
        | ((in[at + 1] & 0xff) << 8)
        | ((in[at + 2] & 0xff) << 16)
        | (in[at + 3] << 24);
  }
}
