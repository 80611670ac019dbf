package dev.lora4j.nn.block;

/** Dequantisation of blocks whose four bits are an index into a code book of unequal steps. */
final class CodeBookBlocks {
  private static final int[] BOOK = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };
  private static final float[] LOW = ByteTables.of(pair -> BOOK[pair & 0xf]);
  private static final float[] HIGH = ByteTables.of(pair -> BOOK[pair >> 4]);
  private static final int HALF = 16;
  private static final int GROUP = 32;

  private CodeBookBlocks() {}

  /** {@code scale, 16 bytes} for 32 values: {@code scale · book[q]}. */
  static void small(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 18, to += GROUP) {
      group(Halves.at(in, at), in, at + 2, out, to);
    }
  }

  /**
   * {@code scale, 2 bytes of high and 4 of low bits of the scales, 128 bytes} for 256 values:
   * {@code (scale · (s − 32)) · book[q]} for each group of 32.
   */
  static void large(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 136, to += 256) {
      float blockScale = Halves.at(in, at);
      int high = (in[at + 2] & 0xff) | (in[at + 3] << 8);
      for (int group = 0; group < 8; group++) {
        int low = (in[at + 4 + group / 2] >> (group % 2 * 4)) & 0xf;
        float scale = blockScale * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
        group(scale, in, at + 8 + group * HALF, out, to + group * GROUP);
      }
    }
  }

  private static void group(float scale, byte[] in, int at, float[] out, int to) {
    for (int i = 0; i < HALF; i++) {
      int pair = in[at + i] & 0xff;
      out[to + i] = scale * LOW[pair];
      out[to + HALF + i] = scale * HIGH[pair];
    }
  }
}
