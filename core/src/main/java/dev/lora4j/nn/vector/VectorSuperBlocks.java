package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.BYTES;
import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;
import static dev.lora4j.nn.vector.VectorLanes.INTS;

import dev.lora4j.nn.block.Halves;
import dev.lora4j.nn.block.SuperBlocks;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link SuperBlocks} by the Vector API. A fused multiply-add has the same bits, because products
 * of a scale and a code are exact. Without helpers, for the reason given at {@link VectorGroups}.
 */
final class VectorSuperBlocks {
  private static final int VALUES = 256;
  private static final int GROUP = 32;
  private static final int SCALES = 4;
  private static final int AFTER_SCALES = 16;

  private VectorSuperBlocks() {}

  static void q4(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 144, to += VALUES) {
      float scale = Halves.at(in, at);
      float minimum = -Halves.at(in, at + 2);
      for (int pair = 0; pair < 4; pair++) {
        float low = scale * SuperBlocks.scale(in, at + SCALES, 2 * pair);
        float lowMinimum = minimum * SuperBlocks.minimum(in, at + SCALES, 2 * pair);
        float high = scale * SuperBlocks.scale(in, at + SCALES, 2 * pair + 1);
        float highMinimum = minimum * SuperBlocks.minimum(in, at + SCALES, 2 * pair + 1);
        int from = at + AFTER_SCALES + pair * GROUP;
        int first = to + 2 * pair * GROUP;
        for (int i = 0; i < GROUP; i += COUNT) {
          IntVector fours =
              (IntVector)
                  ByteVector.fromArray(BYTES, in, from + i)
                      .convertShape(VectorOperators.B2I, INTS, 0);
          ((FloatVector) fours.and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(FloatVector.broadcast(FLOATS, low), FloatVector.broadcast(FLOATS, lowMinimum))
              .intoArray(out, first + i);
          ((FloatVector)
                  fours
                      .lanewise(VectorOperators.LSHR, 4)
                      .and(15)
                      .convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(FloatVector.broadcast(FLOATS, high), FloatVector.broadcast(FLOATS, highMinimum))
              .intoArray(out, first + GROUP + i);
        }
      }
    }
  }

  static void q5(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 176, to += VALUES) {
      float blockScale = Halves.at(in, at);
      float blockMinimum = -Halves.at(in, at + 2);
      int fifths = at + AFTER_SCALES;
      for (int group = 0; group < VALUES / GROUP; group++) {
        float scale = blockScale * SuperBlocks.scale(in, at + SCALES, group);
        float minimum = blockMinimum * SuperBlocks.minimum(in, at + SCALES, group);
        int from = fifths + GROUP + group / 2 * GROUP;
        for (int i = 0; i < GROUP; i += COUNT) {
          IntVector low =
              ((IntVector)
                      ByteVector.fromArray(BYTES, in, from + i)
                          .convertShape(VectorOperators.B2I, INTS, 0))
                  .lanewise(VectorOperators.LSHR, group % 2 * 4)
                  .and(15);
          IntVector high =
              ((IntVector)
                      ByteVector.fromArray(BYTES, in, fifths + i)
                          .convertShape(VectorOperators.B2I, INTS, 0))
                  .lanewise(VectorOperators.LSHR, group)
                  .and(1)
                  .lanewise(VectorOperators.LSHL, 4);
          ((FloatVector) low.or(high).convertShape(VectorOperators.I2F, FLOATS, 0))
              .fma(FloatVector.broadcast(FLOATS, scale), FloatVector.broadcast(FLOATS, minimum))
              .intoArray(out, to + group * GROUP + i);
        }
      }
    }
  }

  static void q6(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 210, to += VALUES) {
      for (int quarter = 0; quarter < 4; quarter++) {
        quarterOfSix(in, at, quarter, out, to + GROUP * quarter);
      }
    }
  }

  /** Dequantises 32 values of each half of a block. */
  private static void quarterOfSix(byte[] in, int at, int quarter, float[] out, int to) {
    float scale = Halves.at(in, at + 208);
    int shift = 4 * (quarter >> 1);
    for (int half = 0; half < 2; half++) {
      int low = at + 64 * half + GROUP * (quarter & 1);
      int high = at + 128 + GROUP * half;
      int group = at + 192 + 8 * half + 2 * quarter;
      for (int i = 0; i < GROUP; i += COUNT) {
        IntVector four =
            ((IntVector)
                    ByteVector.fromArray(BYTES, in, low + i)
                        .convertShape(VectorOperators.B2I, INTS, 0))
                .lanewise(VectorOperators.LSHR, shift)
                .and(15);
        IntVector two =
            ((IntVector)
                    ByteVector.fromArray(BYTES, in, high + i)
                        .convertShape(VectorOperators.B2I, INTS, 0))
                .lanewise(VectorOperators.LSHR, 2 * quarter)
                .and(3)
                .lanewise(VectorOperators.LSHL, 4);
        ((FloatVector) four.or(two).sub(32).convertShape(VectorOperators.I2F, FLOATS, 0))
            .mul(scale * in[group + i / 16])
            .intoArray(out, to + 128 * half + i);
      }
    }
  }
}
