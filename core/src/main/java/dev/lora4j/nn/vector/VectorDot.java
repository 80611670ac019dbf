package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.COUNT;
import static dev.lora4j.nn.vector.VectorLanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * {@code DotProduct}'s sums by the Vector API. Without helpers, for the reason given at {@link
 * VectorGroups}.
 */
final class VectorDot {
  private VectorDot() {}

  static void sums(float[] a, float[] b, int end) {
    if (COUNT == 16) {
      fourSums(a, b, end);
    } else {
      eightSums(a, b, end);
    }
  }

  private static void fourSums(float[] a, float[] b, int end) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int i = 0; i < end; i += 64) {
      s0 = FloatVector.fromArray(FLOATS, a, i).fma(FloatVector.fromArray(FLOATS, b, i), s0);
      s1 =
          FloatVector.fromArray(FLOATS, a, i + 16)
              .fma(FloatVector.fromArray(FLOATS, b, i + 16), s1);
      s2 =
          FloatVector.fromArray(FLOATS, a, i + 32)
              .fma(FloatVector.fromArray(FLOATS, b, i + 32), s2);
      s3 =
          FloatVector.fromArray(FLOATS, a, i + 48)
              .fma(FloatVector.fromArray(FLOATS, b, i + 48), s3);
    }
    FloatVector one = FloatVector.broadcast(FLOATS, 1);
    one.mul(s0).add(s2).add(one.mul(s1).add(s3)).intoArray(a, end);
  }

  private static void eightSums(float[] a, float[] b, int end) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector s4 = s0;
    FloatVector s5 = s0;
    FloatVector s6 = s0;
    FloatVector s7 = s0;
    for (int i = 0; i < end; i += 64) {
      s0 = FloatVector.fromArray(FLOATS, a, i).fma(FloatVector.fromArray(FLOATS, b, i), s0);
      s1 = FloatVector.fromArray(FLOATS, a, i + 8).fma(FloatVector.fromArray(FLOATS, b, i + 8), s1);
      s2 =
          FloatVector.fromArray(FLOATS, a, i + 16)
              .fma(FloatVector.fromArray(FLOATS, b, i + 16), s2);
      s3 =
          FloatVector.fromArray(FLOATS, a, i + 24)
              .fma(FloatVector.fromArray(FLOATS, b, i + 24), s3);
      s4 =
          FloatVector.fromArray(FLOATS, a, i + 32)
              .fma(FloatVector.fromArray(FLOATS, b, i + 32), s4);
      s5 =
          FloatVector.fromArray(FLOATS, a, i + 40)
              .fma(FloatVector.fromArray(FLOATS, b, i + 40), s5);
      s6 =
          FloatVector.fromArray(FLOATS, a, i + 48)
              .fma(FloatVector.fromArray(FLOATS, b, i + 48), s6);
      s7 =
          FloatVector.fromArray(FLOATS, a, i + 56)
              .fma(FloatVector.fromArray(FLOATS, b, i + 56), s7);
    }
    FloatVector one = FloatVector.broadcast(FLOATS, 1);
    one.mul(s0).add(s4).add(one.mul(s2).add(s6)).intoArray(a, end);
    one.mul(s1).add(s5).add(one.mul(s3).add(s7)).intoArray(a, end + 8);
  }
}
