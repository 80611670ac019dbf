package dev.lora4j.nn.vector;

import dev.lora4j.nn.block.BlockDot;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.Halves;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link BlockDot} by the Vector API: the 32 codes of a block are a vector of eight integers.
 * Without helpers, for the reason given at {@link VectorGroups}.
 */
final class VectorBlockDot implements BlockDot {
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_256;
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
  private static final int BLOCK = BlockType.Q8_0.bytes();

  @Override
  public void totals(byte[] in, int at, int blocks, float[] x, float[] totals) {
    FloatVector total = FloatVector.zero(FLOATS);
    int end = blocks * VALUES;
    for (int i = 0; i < end; i += VALUES, at += BLOCK) {
      IntVector word = ByteVector.fromArray(BYTES, in, at + 2).reinterpretAsInts();
      FloatVector sum =
          ((FloatVector)
                  word.lanewise(VectorOperators.LSHL, 24)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0))
              .mul(FloatVector.fromArray(FLOATS, x, i));
      sum =
          ((FloatVector)
                  word.lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(FloatVector.fromArray(FLOATS, x, i + SUMS), sum);
      sum =
          ((FloatVector)
                  word.lanewise(VectorOperators.LSHL, 8)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(FloatVector.fromArray(FLOATS, x, i + 2 * SUMS), sum);
      sum =
          ((FloatVector)
                  word.lanewise(VectorOperators.ASHR, 24)
                      .convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(FloatVector.fromArray(FLOATS, x, i + 3 * SUMS), sum);
      total = sum.fma(FloatVector.broadcast(FLOATS, Halves.at(in, at)), total);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(totals, 0);
  }

  @Override
  public void totals(
      byte[] in, int at, int blocks, float[] x, float[] other, float[] totals, float[] ofOther) {
    FloatVector total = FloatVector.zero(FLOATS);
    FloatVector totalOfOther = total;
    int end = blocks * VALUES;
    for (int i = 0; i < end; i += VALUES, at += BLOCK) {
      IntVector word = ByteVector.fromArray(BYTES, in, at + 2).reinterpretAsInts();
      FloatVector code =
          (FloatVector)
              word.lanewise(VectorOperators.LSHL, 24)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convertShape(VectorOperators.I2F, FLOATS, 0);
      FloatVector sum = code.mul(FloatVector.fromArray(FLOATS, x, i));
      FloatVector sumOfOther = code.mul(FloatVector.fromArray(FLOATS, other, i));
      code =
          (FloatVector)
              word.lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convertShape(VectorOperators.I2F, FLOATS, 0);
      sum = code.fma(FloatVector.fromArray(FLOATS, x, i + SUMS), sum);
      sumOfOther = code.fma(FloatVector.fromArray(FLOATS, other, i + SUMS), sumOfOther);
      code =
          (FloatVector)
              word.lanewise(VectorOperators.LSHL, 8)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convertShape(VectorOperators.I2F, FLOATS, 0);
      sum = code.fma(FloatVector.fromArray(FLOATS, x, i + 2 * SUMS), sum);
      sumOfOther = code.fma(FloatVector.fromArray(FLOATS, other, i + 2 * SUMS), sumOfOther);
      code =
          (FloatVector)
              word.lanewise(VectorOperators.ASHR, 24).convertShape(VectorOperators.I2F, FLOATS, 0);
      sum = code.fma(FloatVector.fromArray(FLOATS, x, i + 3 * SUMS), sum);
      sumOfOther = code.fma(FloatVector.fromArray(FLOATS, other, i + 3 * SUMS), sumOfOther);
      FloatVector scale = FloatVector.broadcast(FLOATS, Halves.at(in, at));
      total = sum.fma(scale, total);
      totalOfOther = sumOfOther.fma(scale, totalOfOther);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(totals, 0);
    FloatVector.broadcast(FLOATS, 1).mul(totalOfOther).intoArray(ofOther, 0);
  }
}
