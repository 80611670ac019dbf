package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;

import dev.lora4j.nn.block.Halves;
import dev.lora4j.nn.block.SuperBlocks;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link SuperBlocks} by the Vector API. A fused multiply-add has the same bits, because products
 * of a scale and a code are exact.
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
          IntVector fours = VectorLanes.ints(in, from + i);
          put(fours.and(15), low, lowMinimum, out, first + i);
          put(shifted(fours, 4).and(15), high, highMinimum, out, first + GROUP + i);
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
          IntVector low = shifted(VectorLanes.ints(in, from + i), group % 2 * 4).and(15);
          IntVector high = shifted(VectorLanes.ints(in, fifths + i), group).and(1);
          put(
              low.or(high.lanewise(VectorOperators.LSHL, 4)),
              scale,
              minimum,
              out,
              to + group * GROUP + i);
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
        IntVector four = shifted(VectorLanes.ints(in, low + i), shift).and(15);
        IntVector two = shifted(VectorLanes.ints(in, high + i), 2 * quarter).and(3);
        IntVector six = four.or(two.lanewise(VectorOperators.LSHL, 4)).sub(32);
        FloatVector scales = FloatVector.broadcast(FLOATS, scale * in[group + i / 16]);
        VectorLanes.floats(six).mul(scales).intoArray(out, to + 128 * half + i);
      }
    }
  }

  private static IntVector shifted(IntVector bits, int by) {
    return bits.lanewise(VectorOperators.LSHR, by);
  }

  private static void put(IntVector codes, float scale, float minimum, float[] out, int to) {
    VectorLanes.floats(codes)
        .fma(FloatVector.broadcast(FLOATS, scale), FloatVector.broadcast(FLOATS, minimum))
        .intoArray(out, to);
  }
}
