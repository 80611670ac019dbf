package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.HALF_IN_FLOAT;
import static dev.lora4j.nn.vector.VectorLanes.INTS;
import static dev.lora4j.nn.vector.VectorLanes.OF_HALF;

import dev.lora4j.nn.block.EightBitGroups;
import dev.lora4j.nn.block.RowGroups;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** As {@link VectorGroupColumns}, with the codes of 8 bits of Q8_0. */
final class VectorEightBitColumns {
  private static final int LINE = RowGroups.ROWS;
  private static final int BLOCK = 8 * LINE;

  private VectorEightBitColumns() {}

  static void dequantize(
      EightBitGroups groups,
      int[] words,
      int at,
      int from,
      int end,
      float[] to,
      int place,
      int stride) {
    for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
      int codes = at + groups.codes() / Integer.BYTES + lane;
      dequantize(words, at + lane, codes, from, end, to, place + lane, stride);
    }
  }

  private static void dequantize(
      int[] words, int scales, int codes, int from, int end, float[] to, int place, int stride) {
    int column = place;
    for (int block = from; block < end; block++) {
      FloatVector scale =
          IntVector.fromArray(INTS, words, scales + (block >> 1) * LINE)
              .lanewise(VectorOperators.LSHL, 16 - (block & 1) * 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      int next = codes + (block + 1) * BLOCK;
      for (int word = codes + block * BLOCK; word < next; word += LINE) {
        for (int up = 24; up >= 0; up -= 8, column += stride) {
          ((FloatVector)
                  IntVector.fromArray(INTS, words, word)
                      .lanewise(VectorOperators.LSHL, up)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0))
              .mul(scale)
              .intoArray(to, column);
        }
      }
    }
  }
}
