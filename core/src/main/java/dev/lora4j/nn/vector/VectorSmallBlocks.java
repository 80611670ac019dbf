package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.BYTES;
import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.INTS;

import dev.lora4j.nn.block.Halves;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code SmallBlocks} by the Vector API. A fused multiply-add has the same bits, because products
 * of a half and a code are exact. Without helpers, for the reason given at {@link VectorGroups}.
 */
final class VectorSmallBlocks {
  private static final int VALUES = 32;
  private static final int HALF = 16;

  private VectorSmallBlocks() {}

  static void q4WithoutMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 18, to += VALUES) {
      FloatVector scales = FloatVector.broadcast(FLOATS, Halves.at(in, at));
      for (int i = 0; i < HALF; i += COUNT) {
        IntVector pairs =
            (IntVector)
                ByteVector.fromArray(BYTES, in, at + 2 + i)
                    .convertShape(VectorOperators.B2I, INTS, 0);
        IntVector high = pairs.lanewise(VectorOperators.LSHR, 4);
        ((FloatVector) pairs.and(15).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0))
            .mul(scales)
            .intoArray(out, to + i);
        ((FloatVector) high.and(15).sub(8).convertShape(VectorOperators.I2F, FLOATS, 0))
            .mul(scales)
            .intoArray(out, to + HALF + i);
      }
    }
  }

  static void q4WithMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 20, to += VALUES) {
      FloatVector scales = FloatVector.broadcast(FLOATS, Halves.at(in, at));
      FloatVector minima = FloatVector.broadcast(FLOATS, Halves.at(in, at + 2));
      for (int i = 0; i < HALF; i += COUNT) {
        IntVector pairs =
            (IntVector)
                ByteVector.fromArray(BYTES, in, at + 4 + i)
                    .convertShape(VectorOperators.B2I, INTS, 0);
        IntVector high = pairs.lanewise(VectorOperators.LSHR, 4);
        ((FloatVector) pairs.and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
            .fma(scales, minima)
            .intoArray(out, to + i);
        ((FloatVector) high.and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
            .fma(scales, minima)
            .intoArray(out, to + HALF + i);
      }
    }
  }

  static void q8(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 34, to += VALUES) {
      FloatVector scales = FloatVector.broadcast(FLOATS, Halves.at(in, at));
      for (int i = 0; i < VALUES; i += COUNT) {
        ((FloatVector)
                ByteVector.fromArray(BYTES, in, at + 2 + i)
                    .convertShape(VectorOperators.B2I, INTS, 0)
                    .convertShape(VectorOperators.I2F, FLOATS, 0))
            .mul(scales)
            .intoArray(out, to + i);
      }
    }
  }
}
