package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.HALF_IN_FLOAT;
import static dev.lora4j.nn.vector.VectorLanes.INTS;
import static dev.lora4j.nn.vector.VectorLanes.OF_HALF;

import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.block.SixBitGroups;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** As {@link VectorGroupColumns}, for the codes of 6 bits of Q6_K. */
final class VectorSixBitColumns {
  private static final int LINE = RowGroups.ROWS;
  private static final int STEP = SixBitGroups.CODE_WORDS * LINE;
  private static final int HALF_BLOCK = SixBitGroups.HALF_BLOCK / Integer.BYTES;
  private static final int PART = 4 * STEP; // 16 codes of each quarter
  private static final int LOW = 15;
  private static final int HIGH = 0x30;
  private static final int ZERO_CODE = 32;
  private static final int QUARTER = 32; // values

  private VectorSixBitColumns() {}

  static void dequantize(
      SixBitGroups groups,
      int[] words,
      int at,
      int from,
      int end,
      float[] to,
      int place,
      int stride) {
    int codes = at + groups.codes() / Integer.BYTES;
    for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
      dequantize(words, at + lane, codes + lane, from, end, to, place + lane, stride);
    }
  }

  private static void dequantize(
      int[] words, int scales, int codes, int from, int end, float[] to, int place, int stride) {
    int quarter = QUARTER * stride;
    for (int half = 2 * from; half < 2 * end; half++) {
      int block = half >> 1;
      FloatVector scale =
          IntVector.fromArray(INTS, words, scales + (block >> 1) * LINE)
              .lanewise(VectorOperators.LSHL, 16 - (block & 1) * 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      int start = codes + half * HALF_BLOCK;
      int column = place + (half - 2 * from) * 4 * quarter;
      for (int part = 0; part < 2; part++) {
        int shift = 24 - 8 * part;
        IntVector firstScales = IntVector.fromArray(INTS, words, start);
        IntVector lastScales = IntVector.fromArray(INTS, words, start + LINE);
        FloatVector first =
            ((FloatVector)
                    firstScales
                        .lanewise(VectorOperators.LSHL, shift)
                        .lanewise(VectorOperators.ASHR, 24)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(scale);
        FloatVector second =
            ((FloatVector)
                    firstScales
                        .lanewise(VectorOperators.LSHL, shift - 16)
                        .lanewise(VectorOperators.ASHR, 24)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(scale);
        FloatVector third =
            ((FloatVector)
                    lastScales
                        .lanewise(VectorOperators.LSHL, shift)
                        .lanewise(VectorOperators.ASHR, 24)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(scale);
        FloatVector fourth =
            ((FloatVector)
                    lastScales
                        .lanewise(VectorOperators.LSHL, shift - 16)
                        .lanewise(VectorOperators.ASHR, 24)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(scale);
        int next = start + SixBitGroups.SCALE_WORDS * LINE + (part + 1) * PART;
        for (int word = next - PART; word < next; word += STEP) {
          for (int by = 0; by < Integer.SIZE; by += 8, column += stride) {
            IntVector high =
                IntVector.fromArray(INTS, words, word).lanewise(VectorOperators.LSHR, by);
            IntVector low =
                IntVector.fromArray(INTS, words, word + LINE).lanewise(VectorOperators.LSHR, by);
            IntVector other =
                IntVector.fromArray(INTS, words, word + 2 * LINE)
                    .lanewise(VectorOperators.LSHR, by);
            ((FloatVector)
                    low.and(LOW)
                        .or(high.lanewise(VectorOperators.LSHL, 4).and(HIGH))
                        .sub(ZERO_CODE)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(first)
                .intoArray(to, column);
            ((FloatVector)
                    other
                        .and(LOW)
                        .or(high.lanewise(VectorOperators.LSHL, 2).and(HIGH))
                        .sub(ZERO_CODE)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(second)
                .intoArray(to, column + quarter);
            ((FloatVector)
                    low.lanewise(VectorOperators.LSHR, 4)
                        .and(LOW)
                        .or(high.and(HIGH))
                        .sub(ZERO_CODE)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(third)
                .intoArray(to, column + 2 * quarter);
            ((FloatVector)
                    other
                        .lanewise(VectorOperators.LSHR, 4)
                        .and(LOW)
                        .or(high.lanewise(VectorOperators.LSHR, 2).and(HIGH))
                        .sub(ZERO_CODE)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(fourth)
                .intoArray(to, column + 3 * quarter);
          }
        }
      }
    }
  }
}
