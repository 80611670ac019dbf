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
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int shift = 24, j = i; shift >= 0; shift -= 8, j += SUMS) {
        sum =
            ((FloatVector)
                    word.lanewise(VectorOperators.LSHL, shift)
                        .lanewise(VectorOperators.ASHR, 24)
                        .convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(FloatVector.fromArray(FLOATS, x, j), sum);
      }
      total = FloatVector.broadcast(FLOATS, Halves.at(in, at)).fma(sum, total);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total).intoArray(totals, 0);
  }

  @Override
  public void totals(byte[] in, int at, int blocks, float[][] x, int input, float[][] totals) {
    float[] x0 = x[input];
    float[] x1 = x[input + 1];
    float[] x2 = x[input + 2];
    float[] x3 = x[input + 3];
    FloatVector total0 = FloatVector.zero(FLOATS);
    FloatVector total1 = FloatVector.zero(FLOATS);
    FloatVector total2 = FloatVector.zero(FLOATS);
    FloatVector total3 = FloatVector.zero(FLOATS);
    int end = blocks * VALUES;
    for (int i = 0; i < end; i += VALUES, at += BLOCK) {
      IntVector word = ByteVector.fromArray(BYTES, in, at + 2).reinterpretAsInts();
      FloatVector sum0 = FloatVector.zero(FLOATS);
      FloatVector sum1 = FloatVector.zero(FLOATS);
      FloatVector sum2 = FloatVector.zero(FLOATS);
      FloatVector sum3 = FloatVector.zero(FLOATS);
      for (int shift = 24, j = i; shift >= 0; shift -= 8, j += SUMS) {
        FloatVector code =
            (FloatVector)
                word.lanewise(VectorOperators.LSHL, shift)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convertShape(VectorOperators.I2F, FLOATS, 0);
        sum0 = code.fma(FloatVector.fromArray(FLOATS, x0, j), sum0);
        sum1 = code.fma(FloatVector.fromArray(FLOATS, x1, j), sum1);
        sum2 = code.fma(FloatVector.fromArray(FLOATS, x2, j), sum2);
        sum3 = code.fma(FloatVector.fromArray(FLOATS, x3, j), sum3);
      }
      FloatVector scale = FloatVector.broadcast(FLOATS, Halves.at(in, at));
      total0 = scale.fma(sum0, total0);
      total1 = scale.fma(sum1, total1);
      total2 = scale.fma(sum2, total2);
      total3 = scale.fma(sum3, total3);
    }
    FloatVector.broadcast(FLOATS, 1).mul(total0).intoArray(totals[0], 0);
    FloatVector.broadcast(FLOATS, 1).mul(total1).intoArray(totals[1], 0);
    FloatVector.broadcast(FLOATS, 1).mul(total2).intoArray(totals[2], 0);
    FloatVector.broadcast(FLOATS, 1).mul(total3).intoArray(totals[3], 0);
  }
}
