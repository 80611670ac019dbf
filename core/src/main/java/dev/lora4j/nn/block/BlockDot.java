package dev.lora4j.nn.block;

import java.util.Arrays;
import java.util.Optional;

/**
 * Dot products of rows of Q8_0 blocks, in place, with float32 inputs, for JVMs with the Vector API.
 * The bits are the same on every CPU: of a block, sum i of eight adds the products of elements 4i
 * to 4i + 3; it is multiplied by the block's scale and added to total i.
 */
public interface BlockDot {
  /** Number of sums and totals. */
  int SUMS = 8;

  /** Number of values of a block. */
  int VALUES = 32;

  /**
   * Computes the totals.
   *
   * @param in the bytes of the row's blocks
   * @param at index of their first byte
   * @param x the input, in the order of {@link #transpose}
   */
  void totals(byte[] in, int at, int blocks, float[] x, float[] totals);

  /**
   * Computes the totals with {@link GroupProducts.INPUTS} inputs, each with the bits of its totals
   * alone.
   *
   * @param x inputs, in the order of {@link #transpose}
   * @param input the first one
   * @param totals receives the totals of each
   */
  void totals(byte[] in, int at, int blocks, float[][] x, int input, float[][] totals);

  /** Returns the dot product of a row and an input, from their totals. */
  static float sum(float[] totals) {
    return totals[0]
        + totals[4]
        + (totals[2] + totals[6])
        + (totals[1] + totals[5] + (totals[3] + totals[7]));
  }

  /** Returns the products of a format; empty for formats whose rows are to be dequantised first. */
  static Optional<BlockDot> of(BlockType type) {
    return type == BlockType.Q8_0
        ? VectorArithmetic.PRESENT.map(VectorArithmetic::dot)
        : Optional.empty();
  }

  /** Writes the elements in the order of the products: element 4i + j of 32 to place 8j + i. */
  static void transpose(float[] x, int count, float[] to) {
    for (int i = 0; i < count; i++) {
      int inBlock = i % VALUES;
      to[i - inBlock + inBlock % 4 * SUMS + inBlock / 4] = x[i];
    }
  }

  /** The products by plain loops. */
  static void plainTotals(byte[] in, int at, int blocks, float[] x, float[] totals) {
    Arrays.fill(totals, 0, SUMS, 0);
    for (int block = 0; block < blocks; block++, at += BlockType.Q8_0.bytes()) {
      float scale = Halves.at(in, at);
      for (int i = 0; i < SUMS; i++) {
        int code = at + 2 + 4 * i;
        int element = block * VALUES + i;
        float sum = in[code] * x[element];
        sum = Math.fma(in[code + 1], x[element + SUMS], sum);
        sum = Math.fma(in[code + 2], x[element + 2 * SUMS], sum);
        sum = Math.fma(in[code + 3], x[element + 3 * SUMS], sum);
        totals[i] = Math.fma(sum, scale, totals[i]);
      }
    }
  }
}
