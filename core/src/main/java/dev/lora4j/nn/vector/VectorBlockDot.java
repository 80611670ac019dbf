package dev.lora4j.nn.vector;

import dev.lora4j.nn.block.Halves;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@code BlockDot} by the Vector API: the 32 codes of a block are a vector of eight integers. */
final class VectorBlockDot {
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_256;
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
  private static final int VALUES = 32;
  private static final int BLOCK = 34;
  private static final int LANES = 8;

  private VectorBlockDot() {}

  static void q8(byte[] in, int at, int blocks, float[] x, float[] totals) {
    FloatVector total = FloatVector.zero(FLOATS);
    int end = blocks * VALUES;
    for (int i = 0; i < end; i += VALUES, at += BLOCK) {
      IntVector word = ByteVector.fromArray(BYTES, in, at + 2).reinterpretAsInts();
      FloatVector sum =
          code(word.lanewise(VectorOperators.LSHL, 24)).mul(FloatVector.fromArray(FLOATS, x, i));
      sum =
          code(word.lanewise(VectorOperators.LSHL, 16))
              .fma(FloatVector.fromArray(FLOATS, x, i + LANES), sum);
      sum =
          code(word.lanewise(VectorOperators.LSHL, 8))
              .fma(FloatVector.fromArray(FLOATS, x, i + 2 * LANES), sum);
      sum = code(word).fma(FloatVector.fromArray(FLOATS, x, i + 3 * LANES), sum);
      total = sum.fma(FloatVector.broadcast(FLOATS, Halves.at(in, at)), total);
    }
    total.intoArray(totals, 0);
  }

  /** Returns the upper byte of each integer. */
  private static FloatVector code(IntVector word) {
    return (FloatVector)
        word.lanewise(VectorOperators.ASHR, 24).convertShape(VectorOperators.I2F, FLOATS, 0);
  }
}
