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
      for (int from = codes + block * BLOCK; from < end; from += LINE, pair += 4) {
        IntVector word = IntVector.fromArray(INTS, words, from);
        ShortVector code = word.and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts()).add(sum);
        code = word.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair + 1]).reinterpretAsShorts()).add(sum);
        code = word.lanewise(VectorOperators.LSHR, 8).and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair + 2]).reinterpretAsShorts()).add(sum);
        code = word.lanewise(VectorOperators.LSHR, 12).and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair + 3]).reinterpretAsShorts()).add(sum);
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

  /** The same with two inputs, which share the loads and the codes. */
  static void multiply(
      FourBitGroups groups,
      int[] words,
      RoundedInput x,
      RoundedInput other,
      float[] y,
      float[] ofOther) {
    for (int lane = 0; lane < RowGroups.ROWS; lane += COUNT) {
      multiplyCodes(words, groups.codes() / Integer.BYTES + lane, x, other, y, ofOther, lane);
      if (groups.hasMinima()) {
        addMinima(words, groups.minima() / Integer.BYTES, x, y, lane);
        addMinima(words, groups.minima() / Integer.BYTES, other, ofOther, lane);
      }
    }
  }

  private static void multiplyCodes(
      int[] words,
      int codes,
      RoundedInput x,
      RoundedInput other,
      float[] y,
      float[] ofOther,
      int lane) {
    FloatVector total = FloatVector.zero(FLOATS);
    FloatVector totalOfOther = total;
    int blocks = x.blocks();
    int[] pairs = x.pairs();
    int[] offsets = x.offsets();
    float[] scalesOfInput = x.scales();
    int[] otherPairs = other.pairs();
    int[] otherOffsets = other.offsets();
    float[] scalesOfOther = other.scales();
    for (int block = 0; block < blocks; block++) {
      FloatVector scale =
          IntVector.fromArray(INTS, words, lane + (block >> 1) * LINE)
              .lanewise(VectorOperators.LSHL, 16 - (block & 1) * 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF);
      ShortVector sum = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      ShortVector sumOfOther = IntVector.broadcast(INTS, otherOffsets[block]).reinterpretAsShorts();
      int pair = block * RoundedInput.PAIRS;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE, pair += 4) {
        IntVector word = IntVector.fromArray(INTS, words, from);
        ShortVector code = word.and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts()).add(sum);
        sumOfOther =
            code.mul(IntVector.broadcast(INTS, otherPairs[pair]).reinterpretAsShorts())
                .add(sumOfOther);
        code = word.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair + 1]).reinterpretAsShorts()).add(sum);
        sumOfOther =
            code.mul(IntVector.broadcast(INTS, otherPairs[pair + 1]).reinterpretAsShorts())
                .add(sumOfOther);
        code = word.lanewise(VectorOperators.LSHR, 8).and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair + 2]).reinterpretAsShorts()).add(sum);
        sumOfOther =
            code.mul(IntVector.broadcast(INTS, otherPairs[pair + 2]).reinterpretAsShorts())
                .add(sumOfOther);
        code = word.lanewise(VectorOperators.LSHR, 12).and(NIBBLES).reinterpretAsShorts();
        sum = code.mul(IntVector.broadcast(INTS, pairs[pair + 3]).reinterpretAsShorts()).add(sum);
        sumOfOther =
            code.mul(IntVector.broadcast(INTS, otherPairs[pair + 3]).reinterpretAsShorts())
                .add(sumOfOther);
      }
      IntVector both = sum.reinterpretAsInts();
      IntVector whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale.mul(scalesOfInput[block]), total);
      both = sumOfOther.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      totalOfOther =
          ((FloatVector) whole.convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(scale.mul(scalesOfOther[block]), totalOfOther);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(y, lane);
    FloatVector.broadcast(FLOATS, 1).mul(totalOfOther).intoArray(ofOther, lane);
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
}
