package dev.lora4j.io.gguf;

import java.nio.ByteBuffer;

/** IEEE 754 half precision (binary16). */
final class Half {
  private static final int EXPONENT = 0x1f;
  private static final int BIAS_DIFFERENCE = 127 - 15;
  private static final float SMALLEST = 0x1p-24f;

  private Half() {}

  /** Returns the exact value of two bytes. */
  static float at(ByteBuffer in, int place) {
    int bits = in.getShort(place);
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >> 10 & EXPONENT;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float value = fraction * SMALLEST;
      return sign == 0 ? value : -value;
    }
    int wide = exponent == EXPONENT ? 0xff : exponent + BIAS_DIFFERENCE;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }
}
