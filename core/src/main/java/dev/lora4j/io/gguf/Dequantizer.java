package dev.lora4j.io.gguf;

import java.nio.ByteBuffer;

/**
 * Dequantisation of a block of a quantised tensor: {@code scale · q} or {@code scale · q +
 * minimum}, equal to ggml's F32 values bit for bit.
 */
@FunctionalInterface
interface Dequantizer {

  /**
   * Computes the values of a block.
   *
   * @param in the bytes of the file, little-endian
   * @param at the first byte of the block
   * @param out receives the values of the block
   */
  void dequantize(ByteBuffer in, int at, float[] out);

  static Dequantizer of(GgmlType type) {
    return switch (type) {
      case Q4_0 -> SmallBlocks::q4WithoutMinimum;
      case Q4_1 -> SmallBlocks::q4WithMinimum;
      case Q5_0 -> SmallBlocks::q5WithoutMinimum;
      case Q5_1 -> SmallBlocks::q5WithMinimum;
      case Q8_0 -> SmallBlocks::q8;
      case Q4_K -> SuperBlocks::q4;
      case Q5_K -> SuperBlocks::q5;
      case Q6_K -> SuperBlocks::q6;
      case F32, F16, BF16, F64, I8, I16, I32, I64 ->
          throw new IllegalArgumentException(type + " is not quantised");
    };
  }
}
