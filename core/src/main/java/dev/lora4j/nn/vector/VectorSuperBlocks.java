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
      float scale = Halves.at(in, at + 208);
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < GROUP; i += COUNT) {
          IntVector low = VectorLanes.ints(in, at + 64 * half + i);
          IntVector next = VectorLanes.ints(in, at + 64 * half + GROUP + i);
          IntVector high = VectorLanes.ints(in, at + 128 + GROUP * half + i);
          int group = at + 192 + 8 * half + i / 16;
          int first = to + 128 * half + i;
          six(low.and(15), high, 4, scale * in[group], out, first);
          six(next.and(15), high, 2, scale * in[group + 2], out, first + GROUP);
          six(shifted(low, 4).and(15), high, 0, scale * in[group + 4], out, first + 2 * GROUP);
          six(shifted(next, 4).and(15), high, -2, scale * in[group + 6], out, first + 3 * GROUP);
        }
      }
    }
  }

  private static void six(
      IntVector low, IntVector high, int shift, float scale, float[] out, int to) {
    IntVector twos =
        shift >= 0 ? high.lanewise(VectorOperators.LSHL, shift) : shifted(high, -shift);
    VectorLanes.floats(low.or(twos.and(0x30)).sub(32))
        .mul(FloatVector.broadcast(FLOATS, scale))
        .intoArray(out, to);
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
