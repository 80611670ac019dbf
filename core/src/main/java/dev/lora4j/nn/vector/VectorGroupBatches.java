package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.HALF_IN_FLOAT;
import static dev.lora4j.nn.vector.VectorLanes.INTS;
import static dev.lora4j.nn.vector.VectorLanes.OF_HALF;

import dev.lora4j.nn.block.FourBitGroups;
import dev.lora4j.nn.block.RoundedInput;
import dev.lora4j.nn.block.RowGroups;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** As {@link VectorGroups}, two groups at a time with four inputs, which share loads and codes. */
final class VectorGroupBatches {
  private static final int NIBBLES = 0x000f000f;
  private static final int WORD = Integer.BYTES;
  private static final int LINE = RowGroups.ROWS * WORD;
  private static final int BLOCK = 4 * LINE;
  private static final float ZERO_CODE = 8;
  private static final int TOGETHER = 2;

  private VectorGroupBatches() {}

  static void multiply(
      FourBitGroups groups,
      Object memory,
      int at,
      int count,
      RoundedInput[] x,
      int input,
      float[][] y) {
    int size = groups.groupBytes();
    try {
      for (int first = 0; first < count; first += TOGETHER) {
        for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
          int group = at + first * size + lane * WORD;
          int second = Math.min(1, count - 1 - first) * size;
          int place = first * RowGroups.ROWS + lane;
          multiplyCodes(memory, group, group + second, groups.codes(), x, input, y, place);
          for (int i = 0; i < TOGETHER && groups.hasMinima(); i++) {
            int minima = groups.minima();
            addMinima(memory, group + i * second, minima, x, input, y, place + i * RowGroups.ROWS);
          }
        }
      }
    } catch (Throwable e) {
      throw NativeWords.unexpected(e);
    }
  }

  private static void multiplyCodes(
      Object memory,
      int group0,
      int group1,
      int codes,
      RoundedInput[] x,
      int input,
      float[][] y,
      int place)
      throws Throwable {
    int blocks = x[input].blocks();
    FloatVector total00 = FloatVector.zero(FLOATS);
    FloatVector total01 = FloatVector.zero(FLOATS);
    FloatVector total02 = FloatVector.zero(FLOATS);
    FloatVector total03 = FloatVector.zero(FLOATS);
    FloatVector total10 = FloatVector.zero(FLOATS);
    FloatVector total11 = FloatVector.zero(FLOATS);
    FloatVector total12 = FloatVector.zero(FLOATS);
    FloatVector total13 = FloatVector.zero(FLOATS);
    int[] pairs0 = x[input].pairs();
    int[] pairs1 = x[input + 1].pairs();
    int[] pairs2 = x[input + 2].pairs();
    int[] pairs3 = x[input + 3].pairs();
    int[] offsets0 = x[input].offsets();
    int[] offsets1 = x[input + 1].offsets();
    int[] offsets2 = x[input + 2].offsets();
    int[] offsets3 = x[input + 3].offsets();
    float[] scales0 = x[input].scales();
    float[] scales1 = x[input + 1].scales();
    float[] scales2 = x[input + 2].scales();
    float[] scales3 = x[input + 3].scales();
    for (int block = 0; block < blocks; block++) {
      ShortVector sum00 = IntVector.broadcast(INTS, offsets0[block]).reinterpretAsShorts();
      ShortVector sum01 = IntVector.broadcast(INTS, offsets1[block]).reinterpretAsShorts();
      ShortVector sum02 = IntVector.broadcast(INTS, offsets2[block]).reinterpretAsShorts();
      ShortVector sum03 = IntVector.broadcast(INTS, offsets3[block]).reinterpretAsShorts();
      ShortVector sum10 = IntVector.broadcast(INTS, offsets0[block]).reinterpretAsShorts();
      ShortVector sum11 = IntVector.broadcast(INTS, offsets1[block]).reinterpretAsShorts();
      ShortVector sum12 = IntVector.broadcast(INTS, offsets2[block]).reinterpretAsShorts();
      ShortVector sum13 = IntVector.broadcast(INTS, offsets3[block]).reinterpretAsShorts();
      int pair = block * RoundedInput.PAIRS;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE) {
        IntVector word0 = (IntVector) NativeWords.LOAD.invokeExact(memory, group0 + from);
        IntVector word1 = (IntVector) NativeWords.LOAD.invokeExact(memory, group1 + from);
        for (int shift = 0; shift < 16; shift += 4, pair++) {
          ShortVector code0 =
              word0.lanewise(VectorOperators.LSHR, shift).and(NIBBLES).reinterpretAsShorts();
          ShortVector code1 =
              word1.lanewise(VectorOperators.LSHR, shift).and(NIBBLES).reinterpretAsShorts();
          ShortVector values = IntVector.broadcast(INTS, pairs0[pair]).reinterpretAsShorts();
          sum00 = code0.mul(values).add(sum00);
          sum10 = code1.mul(values).add(sum10);
          values = IntVector.broadcast(INTS, pairs1[pair]).reinterpretAsShorts();
          sum01 = code0.mul(values).add(sum01);
          sum11 = code1.mul(values).add(sum11);
          values = IntVector.broadcast(INTS, pairs2[pair]).reinterpretAsShorts();
          sum02 = code0.mul(values).add(sum02);
          sum12 = code1.mul(values).add(sum12);
          values = IntVector.broadcast(INTS, pairs3[pair]).reinterpretAsShorts();
          sum03 = code0.mul(values).add(sum03);
          sum13 = code1.mul(values).add(sum13);
        }
      }
      int scales = (block >> 1) * LINE;
      int shift = 16 - (block & 1) * 16;
      FloatVector scale0 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group0 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      FloatVector scale1 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group1 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      IntVector both = sum00.reinterpretAsInts();
      IntVector whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total00 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale0.mul(scales0[block]), total00);
      both = sum01.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total01 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale0.mul(scales1[block]), total01);
      both = sum02.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total02 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale0.mul(scales2[block]), total02);
      both = sum03.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total03 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale0.mul(scales3[block]), total03);
      both = sum10.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total10 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale1.mul(scales0[block]), total10);
      both = sum11.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total11 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale1.mul(scales1[block]), total11);
      both = sum12.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total12 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale1.mul(scales2[block]), total12);
      both = sum13.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total13 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale1.mul(scales3[block]), total13);
    }
    int second = place + RowGroups.ROWS;
    FloatVector.broadcast(FLOATS, 1).mul(total00).intoArray(y[0], place);
    FloatVector.broadcast(FLOATS, 1).mul(total10).intoArray(y[0], second);
    FloatVector.broadcast(FLOATS, 1).mul(total01).intoArray(y[1], place);
    FloatVector.broadcast(FLOATS, 1).mul(total11).intoArray(y[1], second);
    FloatVector.broadcast(FLOATS, 1).mul(total02).intoArray(y[2], place);
    FloatVector.broadcast(FLOATS, 1).mul(total12).intoArray(y[2], second);
    FloatVector.broadcast(FLOATS, 1).mul(total03).intoArray(y[3], place);
    FloatVector.broadcast(FLOATS, 1).mul(total13).intoArray(y[3], second);
  }

  private static void addMinima(
      Object memory, int group, int minima, RoundedInput[] x, int input, float[][] y, int place)
      throws Throwable {
    int blocks = x[input].blocks();
    FloatVector total0 = FloatVector.fromArray(FLOATS, y[0], place);
    FloatVector total1 = FloatVector.fromArray(FLOATS, y[1], place);
    FloatVector total2 = FloatVector.fromArray(FLOATS, y[2], place);
    FloatVector total3 = FloatVector.fromArray(FLOATS, y[3], place);
    float[] sums0 = x[input].sums();
    float[] sums1 = x[input + 1].sums();
    float[] sums2 = x[input + 2].sums();
    float[] sums3 = x[input + 3].sums();
    for (int block = 0; block < blocks; block++) {
      int at = group + (block >> 1) * LINE;
      int shift = 16 - (block & 1) * 16;
      FloatVector scale =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, at))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      FloatVector minimum =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, at + minima))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      minimum = scale.fma(FloatVector.broadcast(FLOATS, ZERO_CODE), minimum);
      total0 = minimum.fma(FloatVector.broadcast(FLOATS, sums0[block]), total0);
      total1 = minimum.fma(FloatVector.broadcast(FLOATS, sums1[block]), total1);
      total2 = minimum.fma(FloatVector.broadcast(FLOATS, sums2[block]), total2);
      total3 = minimum.fma(FloatVector.broadcast(FLOATS, sums3[block]), total3);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total0).intoArray(y[0], place);
    FloatVector.broadcast(FLOATS, 1).mul(total1).intoArray(y[1], place);
    FloatVector.broadcast(FLOATS, 1).mul(total2).intoArray(y[2], place);
    FloatVector.broadcast(FLOATS, 1).mul(total3).intoArray(y[3], place);
  }
}
