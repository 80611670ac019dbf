package dev.lora4j.nn.block;

/**
 * Dequantisation of consecutive blocks: {@code scale · q} or {@code scale · q − minimum}, equal to
 * ggml's F32 values bit for bit.
 */
@FunctionalInterface
public interface BlockDequantizer {

  /**
   * Computes the values of consecutive blocks.
   *
   * @param in the blocks, little-endian
   * @param at index of the first byte
   * @param out receives the values
   * @param to index of the first value
   * @param blocks number of blocks
   */
  void dequantize(byte[] in, int at, float[] out, int to, int blocks);
}
