package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.HALF_IN_FLOAT;
import static dev.lora4j.nn.vector.VectorLanes.INTS;
import static dev.lora4j.nn.vector.VectorLanes.OF_HALF;

import dev.lora4j.nn.block.FourBitGroups;
import dev.lora4j.nn.block.RowGroups;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Dequantisation of {@link FourBitGroups}: a vector has one value of each row, so the result is
 * transposed. Without helpers, for the reason given at {@link VectorGroups}.
 */
final class VectorGroupColumns {
  private static final int LINE = RowGroups.ROWS;
  private static final int BLOCK = 4 * LINE;
  private static final int CODE = 15;
  private static final int ZERO_CODE = 8;
  private static final int HALF_BLOCK = 16; // values whose codes are the bytes' lower halves

  private VectorGroupColumns() {}

  static void dequantize(
      FourBitGroups groups,
      int[] words,
      int at,
      int from,
      int end,
      float[] to,
      int place,
      int stride) {
    int codes = at + groups.codes() / Integer.BYTES;
    for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
      if (groups.hasMinima()) {
        int minima = groups.minima() / Integer.BYTES;
        withMinima(words, at + lane, minima, codes + lane, from, end, to, place + lane, stride);
      } else {
        withoutMinima(words, at + lane, codes + lane, from, end, to, place + lane, stride);
      }
    }
  }

  private static void withoutMinima(
      int[] words, int scales, int codes, int from, int end, float[] to, int place, int stride) {
    int upper = HALF_BLOCK * stride;
    for (int block = from; block < end; block++) {
      FloatVector scale =
          IntVector.fromArray(INTS, words, scales + (block >> 1) * LINE)
              .lanewise(VectorOperators.LSHL, 16 - (block & 1) * 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      int next = codes + (block + 1) * BLOCK;
      int column = place + (block - from) * 2 * upper;
      for (int word = codes + block * BLOCK; word < next; word += LINE) {
        for (int shift = 0; shift < Integer.SIZE; shift += 8, column += stride) {
          IntVector bits =
              IntVector.fromArray(INTS, words, word).lanewise(VectorOperators.LSHR, shift);
          ((FloatVector) bits.and(CODE).sub(ZERO_CODE).convertShape(VectorOperators.I2F, FLOATS, 0))
              .mul(scale)
              .intoArray(to, column);
          bits = bits.lanewise(VectorOperators.LSHR, 4);
          ((FloatVector) bits.and(CODE).sub(ZERO_CODE).convertShape(VectorOperators.I2F, FLOATS, 0))
              .mul(scale)
              .intoArray(to, column + upper);
        }
      }
    }
  }

  private static void withMinima(
      int[] words,
      int scales,
      int minima,
      int codes,
      int from,
      int end,
      float[] to,
      int place,
      int stride) {
    int upper = HALF_BLOCK * stride;
    for (int block = from; block < end; block++) {
      int half = scales + (block >> 1) * LINE;
      int ofHalf = 16 - (block & 1) * 16;
      FloatVector scale =
          IntVector.fromArray(INTS, words, half)
              .lanewise(VectorOperators.LSHL, ofHalf)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      FloatVector minimum =
          IntVector.fromArray(INTS, words, half + minima)
              .lanewise(VectorOperators.LSHL, ofHalf)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      int next = codes + (block + 1) * BLOCK;
      int column = place + (block - from) * 2 * upper;
      for (int word = codes + block * BLOCK; word < next; word += LINE) {
        for (int shift = 0; shift < Integer.SIZE; shift += 8, column += stride) {
          IntVector bits =
              IntVector.fromArray(INTS, words, word).lanewise(VectorOperators.LSHR, shift);
          ((FloatVector) bits.and(CODE).convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale, minimum)
              .intoArray(to, column);
          bits = bits.lanewise(VectorOperators.LSHR, 4);
          ((FloatVector) bits.and(CODE).convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale, minimum)
              .intoArray(to, column + upper);
        }
      }
    }
  }
}
