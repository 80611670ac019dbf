package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.INTS;

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
 * inlined is allocated. For the same reason the vectors read Java arrays, and conversions name
 * their species: {@code convert} and loads from native memory depend on what the compiler has seen
 * of them elsewhere. Nor is a method called on a vector that a loop has computed: where vectors of
 * two sizes are in use, the compiler does not know which one it is. Such a vector is only ever an
 * argument, if need be of a multiplication by one.
 */
final class VectorGroups {
  private static final int NIBBLES = 0x000f000f;
  private static final int HALF_IN_FLOAT = 0x8fffe000;
  private static final float OF_HALF = 0x1p112f; // a half's bits, moved to a float's, are its value
  private static final int LINE = RowGroups.ROWS;
  private static final int BLOCK = 4 * LINE;
  private static final float ZERO_CODE = 8;

  private VectorGroups() {}

  static void multiply(FourBitGroups groups, int[] words, RoundedInput x, float[] y) {
    for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
      multiplyCodes(words, groups.codes() / Integer.BYTES + lane, x, y, lane);
      if (groups.hasMinima()) {
        addMinima(words, groups.minima() / Integer.BYTES, x, y, lane);
      }
    }
  }

  private static void multiplyCodes(int[] words, int codes, RoundedInput x, float[] y, int lane) {
    FloatVector total = FloatVector.zero(FLOATS);
    int blocks = x.blocks();
    int[] pairs = x.pairs();
    int[] offsets = x.offsets();
    float[] scalesOfInput = x.scales();
    for (int block = 0; block < blocks; block++) {
      FloatVector scale =
          IntVector.fromArray(INTS, words, lane + (block >> 1) * LINE)
              .lanewise(VectorOperators.LSHL, 16 - (block & 1) * 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      ShortVector sum = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      int pair = block * RoundedInput.PAIRS;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE) {
        IntVector word = IntVector.fromArray(INTS, words, from);
        for (int shift = 0; shift < 16; shift += 4, pair++) {
          ShortVector code =
              word.lanewise(VectorOperators.LSHR, shift).and(NIBBLES).reinterpretAsShorts();
          sum = code.mul(IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts()).add(sum);
        }
      }
      IntVector both = sum.reinterpretAsInts();
      IntVector whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale.mul(scalesOfInput[block]), total);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(y, lane);
  }

  /** The same with four inputs from one on, which share the loads and the codes. */
  static void multiply(
      FourBitGroups groups, int[] words, RoundedInput[] x, int input, float[][] y) {
    for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
      multiplyCodes(words, groups.codes() / Integer.BYTES + lane, x, input, y, lane);
      if (groups.hasMinima()) {
        addMinima(words, groups.minima() / Integer.BYTES, x, input, y, lane);
      }
    }
  }

  private static void multiplyCodes(
      int[] words, int codes, RoundedInput[] x, int input, float[][] y, int lane) {
    int blocks = x[input].blocks();
    FloatVector total0 = FloatVector.zero(FLOATS);
    FloatVector total1 = FloatVector.zero(FLOATS);
    FloatVector total2 = FloatVector.zero(FLOATS);
    FloatVector total3 = FloatVector.zero(FLOATS);
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
      ShortVector sum0 = IntVector.broadcast(INTS, offsets0[block]).reinterpretAsShorts();
      ShortVector sum1 = IntVector.broadcast(INTS, offsets1[block]).reinterpretAsShorts();
      ShortVector sum2 = IntVector.broadcast(INTS, offsets2[block]).reinterpretAsShorts();
      ShortVector sum3 = IntVector.broadcast(INTS, offsets3[block]).reinterpretAsShorts();
      int pair = block * RoundedInput.PAIRS;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE) {
        IntVector word = IntVector.fromArray(INTS, words, from);
        for (int shift = 0; shift < 16; shift += 4, pair++) {
          ShortVector code =
              word.lanewise(VectorOperators.LSHR, shift).and(NIBBLES).reinterpretAsShorts();
          sum0 = code.mul(IntVector.broadcast(INTS, pairs0[pair]).reinterpretAsShorts()).add(sum0);
          sum1 = code.mul(IntVector.broadcast(INTS, pairs1[pair]).reinterpretAsShorts()).add(sum1);
          sum2 = code.mul(IntVector.broadcast(INTS, pairs2[pair]).reinterpretAsShorts()).add(sum2);
          sum3 = code.mul(IntVector.broadcast(INTS, pairs3[pair]).reinterpretAsShorts()).add(sum3);
        }
      }
      FloatVector scale =
          IntVector.fromArray(INTS, words, lane + (block >> 1) * LINE)
              .lanewise(VectorOperators.LSHL, 16 - (block & 1) * 16)
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
              .fma(scale.mul(scales0[block]), total0);
      both = sum1.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total1 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale.mul(scales1[block]), total1);
      both = sum2.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total2 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale.mul(scales2[block]), total2);
      both = sum3.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total3 =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale.mul(scales3[block]), total3);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total0).intoArray(y[0], lane);
    FloatVector.broadcast(FLOATS, 1).mul(total1).intoArray(y[1], lane);
    FloatVector.broadcast(FLOATS, 1).mul(total2).intoArray(y[2], lane);
    FloatVector.broadcast(FLOATS, 1).mul(total3).intoArray(y[3], lane);
  }

  /** Adds 8 scales and the minimum, times the sum of a block's elements. */
  private static void addMinima(int[] words, int minima, RoundedInput x, float[] y, int lane) {
    FloatVector total = FloatVector.fromArray(FLOATS, y, lane);
    int blocks = x.blocks();
    float[] sums = x.sums();
    for (int block = 0; block < blocks; block++) {
      int at = lane + (block >> 1) * LINE;
      int shift = 16 - (block & 1) * 16;
      FloatVector scale =
          IntVector.fromArray(INTS, words, at)
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      FloatVector minimum =
          IntVector.fromArray(INTS, words, minima + at)
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      minimum = scale.fma(FloatVector.broadcast(FLOATS, ZERO_CODE), minimum);
      total = minimum.fma(FloatVector.broadcast(FLOATS, sums[block]), total);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(y, lane);
  }

  private static void addMinima(
      int[] words, int minima, RoundedInput[] x, int input, float[][] y, int lane) {
    int blocks = x[input].blocks();
    FloatVector total0 = FloatVector.fromArray(FLOATS, y[0], lane);
    FloatVector total1 = FloatVector.fromArray(FLOATS, y[1], lane);
    FloatVector total2 = FloatVector.fromArray(FLOATS, y[2], lane);
    FloatVector total3 = FloatVector.fromArray(FLOATS, y[3], lane);
    float[] sums0 = x[input].sums();
    float[] sums1 = x[input + 1].sums();
    float[] sums2 = x[input + 2].sums();
    float[] sums3 = x[input + 3].sums();
    for (int block = 0; block < blocks; block++) {
      int at = lane + (block >> 1) * LINE;
      int shift = 16 - (block & 1) * 16;
      FloatVector scale =
          IntVector.fromArray(INTS, words, at)
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      FloatVector minimum =
          IntVector.fromArray(INTS, words, minima + at)
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
    FloatVector.broadcast(FLOATS, 1).mul(total0).intoArray(y[0], lane);
    FloatVector.broadcast(FLOATS, 1).mul(total1).intoArray(y[1], lane);
    FloatVector.broadcast(FLOATS, 1).mul(total2).intoArray(y[2], lane);
    FloatVector.broadcast(FLOATS, 1).mul(total3).intoArray(y[3], lane);
  }
}
