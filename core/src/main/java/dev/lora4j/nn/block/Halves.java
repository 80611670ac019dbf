package dev.lora4j.nn.block;

/** IEEE 754 half precision (binary16), little-endian in bytes. */
public final class Halves {
  static final double LARGEST = 65504;

  private static final int EXPONENT = 0x1f;
  private static final int MOVED = 0x8fffe000; // sign, exponent and fraction in a float's bits
  private static final float OF_MOVED = 0x1p112f;
  private static final int INFINITY = 0x7f800000;
  private static final int BIAS_DIFFERENCE = 127 - 15;
  private static final float SMALLEST = 0x1p-24f;
  private static final int FRACTION_DIFFERENCE = 13;

  private Halves() {}

  /** Returns the exact value of two bytes. */
  public static float at(byte[] in, int at) {
    return toFloat((in[at] & 0xff) | (in[at + 1] << 8));
  }

  /** Returns the exact value of 16 bits. */
  public static float toFloat(int bits) {
    int moved = (short) bits << FRACTION_DIFFERENCE & MOVED;
    return (bits >> 10 & EXPONENT) == EXPONENT
        ? Float.intBitsToFloat(moved | INFINITY)
        : Float.intBitsToFloat(moved) * OF_MOVED;
  }

  /** Returns the nearest half as 16 bits, ties to even; infinite beyond the largest. */
  public static int fromFloat(float value) {
    int bits = Float.floatToIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float magnitude = Math.abs(value);
    if (Float.isNaN(value)) {
      return sign | 0x7e00;
    }
    if (magnitude < 0x1p-14f) { // subnormal: a multiple of the smallest
      return sign | (int) Math.rint((double) magnitude / SMALLEST);
    }
    int rounded = Float.floatToIntBits(magnitude);
    rounded += 0xfff + (rounded >> FRACTION_DIFFERENCE & 1);
    int half = (rounded >> FRACTION_DIFFERENCE) - (BIAS_DIFFERENCE << 10);
    return sign | Math.min(half, EXPONENT << 10);
  }

  static void put(float value, byte[] out, int to) {
    int bits = fromFloat(value);
    out[to] = (byte) bits;
    out[to + 1] = (byte) (bits >> 8);
  }
}
