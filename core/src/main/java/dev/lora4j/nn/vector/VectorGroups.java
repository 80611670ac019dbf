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

/**
 * {@link dev.lora4j.nn.block.GroupProducts} by the Vector API, with the same bits.
 *
 * <p>Each product is one method, without helpers: the optimising compiler stops inlining at a
 * number of nodes, except for the API's own methods, and a vector that passes a call which is not
 * inlined is allocated. For the same reason conversions name their species: {@code convert} depends
 * on what the compiler has seen of it elsewhere. Nor is a method called on a vector that a loop has
 * computed: where vectors of two sizes are in use, the compiler does not know which one it is. Such
 * a vector is only ever an argument, if need be of a multiplication by one.
 *
 * <p>The vectors read native memory, and four groups at a time, each of which the CPU reads ahead.
 * With TinyLlama's shape, from memory, 32 weights take 1.4 ns on each of two cores of a Xeon with
 * AVX-512; with one group at a time 2.3, and with a group first copied to a Java array 2.2.
 */
final class VectorGroups {
  private static final short NIBBLE = 15;
  private static final int WORD = Integer.BYTES;
  private static final int LINE = RowGroups.ROWS * WORD;
  private static final int BLOCK = 4 * LINE;
  private static final float ZERO_CODE = 8;

  private VectorGroups() {}

  static void multiply(
      FourBitGroups groups, Object memory, int at, int count, RoundedInput x, float[] y) {
    int size = groups.groupBytes();
    try {
      for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
        int group = at + lane * WORD;
        multiplyCodes(
            memory,
            group,
            group + Math.min(1, count - 1) * size,
            group + Math.min(2, count - 1) * size,
            group + (count - 1) * size,
            groups.codes(),
            x,
            y,
            lane);
        for (int i = 0; i < count && groups.hasMinima(); i++) {
          addMinima(memory, group + i * size, groups.minima(), x, y, i * RowGroups.ROWS + lane);
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
      int group2,
      int group3,
      int codes,
      RoundedInput x,
      float[] y,
      int lane)
      throws Throwable {
    FloatVector total0 = FloatVector.zero(FLOATS);
    FloatVector total1 = FloatVector.zero(FLOATS);
    FloatVector total2 = FloatVector.zero(FLOATS);
    FloatVector total3 = FloatVector.zero(FLOATS);
    int blocks = x.blocks();
    int[] pairs = x.pairs();
    int[] offsets = x.offsets();
    float[] scalesOfInput = x.scales();
    for (int block = 0; block < blocks; block++) {
      ShortVector sum0 = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      ShortVector sum1 = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      ShortVector sum2 = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      ShortVector sum3 = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      int pair = block * RoundedInput.PAIRS;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE, pair += 4) {
        ShortVector word0 =
            ((IntVector) NativeWords.LOAD.invokeExact(memory, group0 + from)).reinterpretAsShorts();
        ShortVector word1 =
            ((IntVector) NativeWords.LOAD.invokeExact(memory, group1 + from)).reinterpretAsShorts();
        ShortVector word2 =
            ((IntVector) NativeWords.LOAD.invokeExact(memory, group2 + from)).reinterpretAsShorts();
        ShortVector word3 =
            ((IntVector) NativeWords.LOAD.invokeExact(memory, group3 + from)).reinterpretAsShorts();
        ShortVector values = IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts();
        sum0 = word0.and(NIBBLE).mul(values).add(sum0);
        sum1 = word1.and(NIBBLE).mul(values).add(sum1);
        sum2 = word2.and(NIBBLE).mul(values).add(sum2);
        sum3 = word3.and(NIBBLE).mul(values).add(sum3);
        values = IntVector.broadcast(INTS, pairs[pair + 1]).reinterpretAsShorts();
        sum0 = word0.lanewise(VectorOperators.LSHR, 4).and(NIBBLE).mul(values).add(sum0);
        sum1 = word1.lanewise(VectorOperators.LSHR, 4).and(NIBBLE).mul(values).add(sum1);
        sum2 = word2.lanewise(VectorOperators.LSHR, 4).and(NIBBLE).mul(values).add(sum2);
        sum3 = word3.lanewise(VectorOperators.LSHR, 4).and(NIBBLE).mul(values).add(sum3);
        values = IntVector.broadcast(INTS, pairs[pair + 2]).reinterpretAsShorts();
        sum0 = word0.lanewise(VectorOperators.LSHR, 8).and(NIBBLE).mul(values).add(sum0);
        sum1 = word1.lanewise(VectorOperators.LSHR, 8).and(NIBBLE).mul(values).add(sum1);
        sum2 = word2.lanewise(VectorOperators.LSHR, 8).and(NIBBLE).mul(values).add(sum2);
        sum3 = word3.lanewise(VectorOperators.LSHR, 8).and(NIBBLE).mul(values).add(sum3);
        values = IntVector.broadcast(INTS, pairs[pair + 3]).reinterpretAsShorts();
        sum0 = word0.lanewise(VectorOperators.LSHR, 12).mul(values).add(sum0);
        sum1 = word1.lanewise(VectorOperators.LSHR, 12).mul(values).add(sum1);
        sum2 = word2.lanewise(VectorOperators.LSHR, 12).mul(values).add(sum2);
        sum3 = word3.lanewise(VectorOperators.LSHR, 12).mul(values).add(sum3);
      }
      int scales = (block >> 1) * LINE;
      int shift = 16 - (block & 1) * 16;
      float scaleOfInput = scalesOfInput[block];
      FloatVector scale0 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group0 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      IntVector both = sum0.reinterpretAsInts();
      IntVector whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total0 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale0.mul(scaleOfInput), total0);
      FloatVector scale1 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group1 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      both = sum1.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total1 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale1.mul(scaleOfInput), total1);
      FloatVector scale2 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group2 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      both = sum2.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total2 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale2.mul(scaleOfInput), total2);
      FloatVector scale3 =
          ((IntVector) NativeWords.LOAD.invokeExact(memory, group3 + scales))
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      both = sum3.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total3 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale3.mul(scaleOfInput), total3);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total0).intoArray(y, lane);
    FloatVector.broadcast(FLOATS, 1).mul(total1).intoArray(y, RowGroups.ROWS + lane);
    FloatVector.broadcast(FLOATS, 1).mul(total2).intoArray(y, 2 * RowGroups.ROWS + lane);
    FloatVector.broadcast(FLOATS, 1).mul(total3).intoArray(y, 3 * RowGroups.ROWS + lane);
  }

  /** Adds 8 scales and the minimum, times the sum of a block's elements. */
  private static void addMinima(
      Object memory, int group, int minima, RoundedInput x, float[] y, int place) throws Throwable {
    FloatVector total = FloatVector.fromArray(FLOATS, y, place);
    int blocks = x.blocks();
    float[] sums = x.sums();
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
      total = minimum.fma(FloatVector.broadcast(FLOATS, sums[block]), total);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(y, place);
  }
}
