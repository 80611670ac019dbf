package dev.lora4j.nn.block;

import static dev.lora4j.nn.block.VectorLanes.COUNT;
import static dev.lora4j.nn.block.VectorLanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link SmallBlocks} by the Vector API. A fused multiply-add rounds as they do: products of a half
 * and a code are exact.
 */
final class VectorSmallBlocks {
  private static final int VALUES = 32;
  private static final int HALF = 16;

  private VectorSmallBlocks() {}

  static void q4WithoutMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 18, to += VALUES) {
      float scale = Halves.at(in, at);
      fours(in, at + 2, scale, -8 * scale, out, to);
    }
  }

  static void q4WithMinimum(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 20, to += VALUES) {
      fours(in, at + 4, Halves.at(in, at), Halves.at(in, at + 2), out, to);
    }
  }

  private static void fours(byte[] in, int at, float scale, float minimum, float[] out, int to) {
    FloatVector scales = FloatVector.broadcast(FLOATS, scale);
    FloatVector minima = FloatVector.broadcast(FLOATS, minimum);
    for (int i = 0; i < HALF; i += COUNT) {
      IntVector pairs = VectorLanes.ints(in, at + i);
      IntVector high = pairs.lanewise(VectorOperators.LSHR, 4);
      VectorLanes.floats(pairs.and(15)).fma(scales, minima).intoArray(out, to + i);
      VectorLanes.floats(high.and(15)).fma(scales, minima).intoArray(out, to + HALF + i);
    }
  }

  static void q8(byte[] in, int at, float[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++, at += 34, to += VALUES) {
      FloatVector scales = FloatVector.broadcast(FLOATS, Halves.at(in, at));
      for (int i = 0; i < VALUES; i += COUNT) {
        VectorLanes.floats(VectorLanes.ints(in, at + 2 + i)).mul(scales).intoArray(out, to + i);
      }
    }
  }
}
