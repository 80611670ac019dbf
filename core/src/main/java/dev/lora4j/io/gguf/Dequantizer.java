package dev.lora4j.io.gguf;

import java.nio.ByteBuffer;

/**
 * The numbers that a block of a quantised tensor stands for: {@code scale · q}, or {@code scale · q
 * + minimum}, as ggml defines them, to the last bit of F32.
 */
@FunctionalInterface
interface Dequantizer {

  /**
   * Computes a block's numbers.
   *
   * @param in the file's bytes, low end first
   * @param at the block's first byte
   * @param out as many numbers as a block has
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
