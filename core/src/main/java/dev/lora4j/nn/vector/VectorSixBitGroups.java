package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.HALF_IN_FLOAT;
import static dev.lora4j.nn.vector.VectorLanes.INTS;
import static dev.lora4j.nn.vector.VectorLanes.OF_HALF;

import dev.lora4j.nn.block.RoundedInput;
import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.block.SixBitGroups;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** As {@link VectorGroups}, with the codes of 6 bits of Q6_K. */
final class VectorSixBitGroups {
  private static final int NIBBLES = 0x000f000f;
  private static final int HIGH_BITS = 0x00300030;
  private static final int WORD = Integer.BYTES;
  private static final int LINE = RowGroups.ROWS * WORD;
  private static final int STEP = SixBitGroups.CODE_WORDS * LINE;
  private static final int PART = 4 * STEP; // 16 codes of each quarter

  private VectorSixBitGroups() {}

  static void multiply(
      SixBitGroups groups, Object memory, int at, int count, RoundedInput x, float[] y) {
    Arrays.fill(y, 0);
    try {
      for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
        multiply(groups, memory, at + lane * WORD, count, x, y, lane);
      }
    } catch (Throwable e) {
      throw NativeWords.unexpected(e);
    }
  }

  /** Multiplies a part of each group in turn, so that the CPU reads ahead in all of them. */
  private static void multiply(
      SixBitGroups groups, Object memory, int at, int count, RoundedInput x, float[] y, int lane)
      throws Throwable {
    int size = groups.groupBytes();
    int codes = groups.codes();
    int[] pairs = x.pairs();
    int[] offsets = x.offsets();
    float[] scalesOfInput = x.scales();
    int blocks = x.blocks();
    for (int block = 0; block < blocks; block += 4) {
      for (int i = 0; i < count; i++) {
        int group = at + i * size;
        int place = i * RowGroups.ROWS + lane;
        int pair = block * RoundedInput.PAIRS;
        FloatVector total = FloatVector.fromArray(FLOATS, y, place);
        int superBlock = block >> 3;
        int scalesAt = group + codes + (block >> 2) * SixBitGroups.HALF_BLOCK;
        FloatVector scale =
            ((IntVector) NativeWords.LOAD.invokeExact(memory, group + (superBlock >> 1) * LINE))
                .lanewise(VectorOperators.LSHL, 16 - (superBlock & 1) * 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(HALF_IN_FLOAT)
                .reinterpretAsFloats()
                .mul(OF_HALF);
        int ofCodes = scalesAt + SixBitGroups.SCALE_WORDS * LINE;
        for (int part = 0; part < 2; part++) {
          ShortVector first =
              IntVector.broadcast(INTS, offsets[2 * block + part]).reinterpretAsShorts();
          ShortVector second =
              IntVector.broadcast(INTS, offsets[2 * block + 2 + part]).reinterpretAsShorts();
          ShortVector third =
              IntVector.broadcast(INTS, offsets[2 * block + 4 + part]).reinterpretAsShorts();
          ShortVector fourth =
              IntVector.broadcast(INTS, offsets[2 * block + 6 + part]).reinterpretAsShorts();
          int end = ofCodes + (part + 1) * PART;
          for (int from = ofCodes + part * PART; from < end; from += STEP, pair += 8) {
            IntVector high = (IntVector) NativeWords.LOAD.invokeExact(memory, from);
            IntVector low = (IntVector) NativeWords.LOAD.invokeExact(memory, from + LINE);
            IntVector other = (IntVector) NativeWords.LOAD.invokeExact(memory, from + 2 * LINE);
            first =
                low.and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHL, 4).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts())
                    .add(first);
            third =
                low.lanewise(VectorOperators.LSHR, 4)
                    .and(NIBBLES)
                    .or(high.and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 1]).reinterpretAsShorts())
                    .add(third);
            first =
                low.lanewise(VectorOperators.LSHR, 8)
                    .and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHR, 4).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 2]).reinterpretAsShorts())
                    .add(first);
            third =
                low.lanewise(VectorOperators.LSHR, 12)
                    .and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHR, 8).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 3]).reinterpretAsShorts())
                    .add(third);
            second =
                other
                    .and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHL, 2).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 4]).reinterpretAsShorts())
                    .add(second);
            fourth =
                other
                    .lanewise(VectorOperators.LSHR, 4)
                    .and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHR, 2).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 5]).reinterpretAsShorts())
                    .add(fourth);
            second =
                other
                    .lanewise(VectorOperators.LSHR, 8)
                    .and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHR, 6).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 6]).reinterpretAsShorts())
                    .add(second);
            fourth =
                other
                    .lanewise(VectorOperators.LSHR, 12)
                    .and(NIBBLES)
                    .or(high.lanewise(VectorOperators.LSHR, 10).and(HIGH_BITS))
                    .reinterpretAsShorts()
                    .mul(IntVector.broadcast(INTS, pairs[pair + 7]).reinterpretAsShorts())
                    .add(fourth);
          }
          IntVector scales = (IntVector) NativeWords.LOAD.invokeExact(memory, scalesAt);
          IntVector moreScales = (IntVector) NativeWords.LOAD.invokeExact(memory, scalesAt + LINE);
          int shift = 24 - 8 * part;
          IntVector both;
          IntVector sum;
          both = first.reinterpretAsInts();
          sum =
              both.lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 16)
                  .add(both.lanewise(VectorOperators.ASHR, 16))
                  .mul(
                      scales
                          .lanewise(VectorOperators.LSHL, shift)
                          .lanewise(VectorOperators.ASHR, 24));
          total =
              ((FloatVector) sum.convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(scale.mul(scalesOfInput[block]), total);
          both = second.reinterpretAsInts();
          sum =
              both.lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 16)
                  .add(both.lanewise(VectorOperators.ASHR, 16))
                  .mul(
                      scales
                          .lanewise(VectorOperators.LSHL, shift - 16)
                          .lanewise(VectorOperators.ASHR, 24));
          total =
              ((FloatVector) sum.convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(scale.mul(scalesOfInput[block + 1]), total);
          both = third.reinterpretAsInts();
          sum =
              both.lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 16)
                  .add(both.lanewise(VectorOperators.ASHR, 16))
                  .mul(
                      moreScales
                          .lanewise(VectorOperators.LSHL, shift)
                          .lanewise(VectorOperators.ASHR, 24));
          total =
              ((FloatVector) sum.convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(scale.mul(scalesOfInput[block + 2]), total);
          both = fourth.reinterpretAsInts();
          sum =
              both.lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 16)
                  .add(both.lanewise(VectorOperators.ASHR, 16))
                  .mul(
                      moreScales
                          .lanewise(VectorOperators.LSHL, shift - 16)
                          .lanewise(VectorOperators.ASHR, 24));
          total =
              ((FloatVector) sum.convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(scale.mul(scalesOfInput[block + 3]), total);
        }
        FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(y, place);
      }
    }
  }
}
