package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.INTS;

import dev.lora4j.nn.block.FourBitGroups;
import dev.lora4j.nn.block.RoundedInput;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The products of {@link VectorGroups} with vectors of eight integers, where a group is two of
 * them. One pass over the group computes both: it waits for memory while it computes, and shares
 * the input's loads. In nanoseconds for 32 weights on a core of an EPYC with AVX2, from memory: 2.7
 * instead of 3.3; reading alone takes 1.9.
 */
final class VectorHalfGroups {
  private static final int NIBBLES = 0x000f000f;
  private static final int HALF_IN_FLOAT = 0x8fffe000;
  private static final float OF_HALF = 0x1p112f;
  private static final int LINE = 64;
  private static final int BLOCK = 4 * LINE;
  private static final int NEXT = LINE / 2; // the other eight rows of a line

  private VectorHalfGroups() {}

  static void multiplyCodes(
      FourBitGroups groups, Object memory, int scales, RoundedInput x, float[] y) throws Throwable {
    FloatVector total = FloatVector.zero(FLOATS);
    FloatVector nextTotal = total;
    int blocks = x.blocks();
    int codes = scales + groups.codes();
    int[] pairs = x.pairs();
    int[] offsets = x.offsets();
    float[] scalesOfInput = x.scales();
    for (int block = 0; block < blocks; block++) {
      ShortVector sum = IntVector.broadcast(INTS, offsets[block]).reinterpretAsShorts();
      ShortVector next = sum;
      int pair = block * RoundedInput.PAIRS;
      int end = codes + (block + 1) * BLOCK;
      for (int from = codes + block * BLOCK; from < end; from += LINE, pair += 4) {
        ShortVector first = IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts();
        ShortVector second = IntVector.broadcast(INTS, pairs[pair + 1]).reinterpretAsShorts();
        ShortVector third = IntVector.broadcast(INTS, pairs[pair + 2]).reinterpretAsShorts();
        ShortVector fourth = IntVector.broadcast(INTS, pairs[pair + 3]).reinterpretAsShorts();
        IntVector word =
            ((ByteVector) VectorMemory.LOAD.invokeExact(memory, from)).reinterpretAsInts();
        sum = sum.add(word.and(NIBBLES).reinterpretAsShorts().mul(first));
        sum =
            sum.add(
                word.lanewise(VectorOperators.LSHR, 4)
                    .and(NIBBLES)
                    .reinterpretAsShorts()
                    .mul(second));
        sum =
            sum.add(
                word.lanewise(VectorOperators.LSHR, 8)
                    .and(NIBBLES)
                    .reinterpretAsShorts()
                    .mul(third));
        sum =
            sum.add(
                word.lanewise(VectorOperators.LSHR, 12)
                    .and(NIBBLES)
                    .reinterpretAsShorts()
                    .mul(fourth));
        word =
            ((ByteVector) VectorMemory.LOAD.invokeExact(memory, from + NEXT)).reinterpretAsInts();
        next = next.add(word.and(NIBBLES).reinterpretAsShorts().mul(first));
        next =
            next.add(
                word.lanewise(VectorOperators.LSHR, 4)
                    .and(NIBBLES)
                    .reinterpretAsShorts()
                    .mul(second));
        next =
            next.add(
                word.lanewise(VectorOperators.LSHR, 8)
                    .and(NIBBLES)
                    .reinterpretAsShorts()
                    .mul(third));
        next =
            next.add(
                word.lanewise(VectorOperators.LSHR, 12)
                    .and(NIBBLES)
                    .reinterpretAsShorts()
                    .mul(fourth));
      }
      int at = scales + (block >> 1) * LINE;
      int shift = 16 - (block & 1) * 16;
      FloatVector scale =
          ((ByteVector) VectorMemory.LOAD.invokeExact(memory, at))
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF)
              .mul(scalesOfInput[block]);
      IntVector both = sum.reinterpretAsInts();
      IntVector whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      total = ((FloatVector) whole.convert(VectorOperators.I2F, 0)).fma(scale, total);
      scale =
          ((ByteVector) VectorMemory.LOAD.invokeExact(memory, at + NEXT))
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, shift)
              .lanewise(VectorOperators.ASHR, 3)
              .and(HALF_IN_FLOAT)
              .reinterpretAsFloats()
              .mul(OF_HALF)
              .mul(scalesOfInput[block]);
      both = next.reinterpretAsInts();
      whole =
          both.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16)
              .add(both.lanewise(VectorOperators.ASHR, 16));
      nextTotal = ((FloatVector) whole.convert(VectorOperators.I2F, 0)).fma(scale, nextTotal);
    }
    total.intoArray(y, 0);
    nextTotal.intoArray(y, 8);
  }
}
