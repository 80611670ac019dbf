package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.HALF_IN_FLOAT;
import static dev.lora4j.nn.vector.VectorLanes.OF_HALF;

import dev.lora4j.nn.block.EightBitGroups;
import dev.lora4j.nn.block.RoundedInput;
import dev.lora4j.nn.block.RowGroups;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * As {@link VectorGroups}, with the codes of 8 bits of Q8_0, which become floats: four groups with
 * an input, or two groups with four inputs, which share loads and codes.
 */
final class VectorEightBitGroups {
  private static final int WORD = Integer.BYTES;
  private static final int LINE = RowGroups.ROWS * WORD;
  private static final int BLOCK = 8 * LINE;
  private static final int VALUES = 32; // of a block

  private VectorEightBitGroups() {}

  static void multiply(
      EightBitGroups groups, Object memory, int at, int count, RoundedInput x, float[] y) {
    int size = groups.groupBytes();
    try {
      for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
        int group = at + lane * WORD;
        multiply(
            memory,
            group,
            group + Math.min(1, count - 1) * size,
            group + Math.min(2, count - 1) * size,
            group + (count - 1) * size,
            groups.codes(),
            x.blocks(),
            x.elements(),
            y,
            lane);
      }
    } catch (Throwable e) {
      throw NativeWords.unexpected(e);
    }
  }

  static void multiply(
      EightBitGroups groups,
      Object memory,
      int at,
      int count,
      RoundedInput[] x,
      int input,
      float[][] y) {
    int size = groups.groupBytes();
    try {
      for (int first = 0; first < count; first += 2) {
        for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
          int group = at + first * size + lane * WORD;
          int second = group + Math.min(1, count - 1 - first) * size;
          multiply(
              memory, group, second, groups.codes(), x, input, y, first * RowGroups.ROWS + lane);
        }
      }
    } catch (Throwable e) {
      throw NativeWords.unexpected(e);
    }
  }

  private static void multiply(
      Object memory,
      int group0,
      int group1,
      int group2,
      int group3,
      int codes,
      int blocks,
      float[] x,
      float[] y,
      int lane)
      throws Throwable {
    FloatVector total0 = FloatVector.zero(FLOATS);
    FloatVector total1 = FloatVector.zero(FLOATS);
    FloatVector total2 = FloatVector.zero(FLOATS);
    FloatVector total3 = FloatVector.zero(FLOATS);
    for (int block = 0; block < blocks; block++) {
      FloatVector sum0 = FloatVector.zero(FLOATS);
      FloatVector sum1 = FloatVector.zero(FLOATS);
      FloatVector sum2 = FloatVector.zero(FLOATS);
      FloatVector sum3 = FloatVector.zero(FLOATS);
      int element = block * VALUES;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE) {
        IntVector word0 = (IntVector) NativeWords.LOAD.invokeExact(memory, group0 + from);
        IntVector word1 = (IntVector) NativeWords.LOAD.invokeExact(memory, group1 + from);
        IntVector word2 = (IntVector) NativeWords.LOAD.invokeExact(memory, group2 + from);
        IntVector word3 = (IntVector) NativeWords.LOAD.invokeExact(memory, group3 + from);
        for (int up = 24; up >= 0; up -= 8, element++) {
          FloatVector value = FloatVector.broadcast(FLOATS, x[element]);
          sum0 =
              ((FloatVector)
                      word0
                          .lanewise(VectorOperators.LSHL, up)
                          .lanewise(VectorOperators.ASHR, 24)
                          .convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(value, sum0);
          sum1 =
              ((FloatVector)
                      word1
                          .lanewise(VectorOperators.LSHL, up)
                          .lanewise(VectorOperators.ASHR, 24)
                          .convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(value, sum1);
          sum2 =
              ((FloatVector)
                      word2
                          .lanewise(VectorOperators.LSHL, up)
                          .lanewise(VectorOperators.ASHR, 24)
                          .convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(value, sum2);
          sum3 =
              ((FloatVector)
                      word3
                          .lanewise(VectorOperators.LSHL, up)
                          .lanewise(VectorOperators.ASHR, 24)
                          .convertShape(VectorOperators.I2F, FLOATS, 0))
                  .fma(value, sum3);
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
      total0 = scale0.fma(sum0, total0);
      FloatVector scale1 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group1 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      total1 = scale1.fma(sum1, total1);
      FloatVector scale2 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group2 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      total2 = scale2.fma(sum2, total2);
      FloatVector scale3 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group3 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      total3 = scale3.fma(sum3, total3);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total0).intoArray(y, lane);
    FloatVector.broadcast(FLOATS, 1).mul(total1).intoArray(y, RowGroups.ROWS + lane);
    FloatVector.broadcast(FLOATS, 1).mul(total2).intoArray(y, 2 * RowGroups.ROWS + lane);
    FloatVector.broadcast(FLOATS, 1).mul(total3).intoArray(y, 3 * RowGroups.ROWS + lane);
  }

  private static void multiply(
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
    float[] x0 = x[input].elements();
    float[] x1 = x[input + 1].elements();
    float[] x2 = x[input + 2].elements();
    float[] x3 = x[input + 3].elements();
    FloatVector total00 = FloatVector.zero(FLOATS);
    FloatVector total01 = FloatVector.zero(FLOATS);
    FloatVector total02 = FloatVector.zero(FLOATS);
    FloatVector total03 = FloatVector.zero(FLOATS);
    FloatVector total10 = FloatVector.zero(FLOATS);
    FloatVector total11 = FloatVector.zero(FLOATS);
    FloatVector total12 = FloatVector.zero(FLOATS);
    FloatVector total13 = FloatVector.zero(FLOATS);
    for (int block = 0; block < blocks; block++) {
      FloatVector sum00 = FloatVector.zero(FLOATS);
      FloatVector sum01 = FloatVector.zero(FLOATS);
      FloatVector sum02 = FloatVector.zero(FLOATS);
      FloatVector sum03 = FloatVector.zero(FLOATS);
      FloatVector sum10 = FloatVector.zero(FLOATS);
      FloatVector sum11 = FloatVector.zero(FLOATS);
      FloatVector sum12 = FloatVector.zero(FLOATS);
      FloatVector sum13 = FloatVector.zero(FLOATS);
      int element = block * VALUES;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE) {
        IntVector word0 = (IntVector) NativeWords.LOAD.invokeExact(memory, group0 + from);
        IntVector word1 = (IntVector) NativeWords.LOAD.invokeExact(memory, group1 + from);
        for (int up = 24; up >= 0; up -= 8, element++) {
          FloatVector code0 =
              (FloatVector)
                  word0
                      .lanewise(VectorOperators.LSHL, up)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0);
          FloatVector code1 =
              (FloatVector)
                  word1
                      .lanewise(VectorOperators.LSHL, up)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0);
          FloatVector value = FloatVector.broadcast(FLOATS, x0[element]);
          sum00 = code0.fma(value, sum00);
          sum10 = code1.fma(value, sum10);
          value = FloatVector.broadcast(FLOATS, x1[element]);
          sum01 = code0.fma(value, sum01);
          sum11 = code1.fma(value, sum11);
          value = FloatVector.broadcast(FLOATS, x2[element]);
          sum02 = code0.fma(value, sum02);
          sum12 = code1.fma(value, sum12);
          value = FloatVector.broadcast(FLOATS, x3[element]);
          sum03 = code0.fma(value, sum03);
          sum13 = code1.fma(value, sum13);
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
      total00 = scale0.fma(sum00, total00);
      total01 = scale0.fma(sum01, total01);
      total02 = scale0.fma(sum02, total02);
      total03 = scale0.fma(sum03, total03);
      FloatVector scale1 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group1 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      total10 = scale1.fma(sum10, total10);
      total11 = scale1.fma(sum11, total11);
      total12 = scale1.fma(sum12, total12);
      total13 = scale1.fma(sum13, total13);
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
}
