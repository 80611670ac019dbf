package dev.lora4j.nn.block;

/** Quantisation of consecutive values into blocks. */
@FunctionalInterface
public interface BlockQuantizer {

  /**
   * Quantises the values of consecutive blocks.
   *
   * @param in the values, finite
   * @param at index of the first value
   * @param out receives the blocks, little-endian
   * @param to index of the first byte
   * @param blocks number of blocks
   */
  void quantize(float[] in, int at, byte[] out, int to, int blocks);
}
