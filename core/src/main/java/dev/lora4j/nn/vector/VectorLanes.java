package dev.lora4j.nn.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** The CPU's vectors of floats, and those of as many bytes and integers. */
final class VectorLanes {
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final int COUNT = FLOATS.length();
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  static final VectorSpecies<Byte> BYTES =
      COUNT == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  /** Sign, exponent and fraction of a half, moved to their places in a float. */
  static final int HALF_IN_FLOAT = 0x8fffe000;

  /** A half's value is that of its moved bits, times this. */
  static final float OF_HALF = 0x1p112f;

  private VectorLanes() {}
}
