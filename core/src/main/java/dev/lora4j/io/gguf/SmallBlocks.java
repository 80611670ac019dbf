package dev.lora4j.io.gguf;

import java.nio.ByteBuffer;

/**
 * Dequantisation of blocks of 32 values with one scale. Byte i of 16 holds the low four bits of
 * values i and i + 16; a fifth bit of value i is bit i of four more bytes.
 */
final class SmallBlocks {
  private static final int HALF = 16;

  private SmallBlocks() {}

  /** {@code scale, 16 bytes}: {@code scale · (q − 8)}. */
  static void q4WithoutMinimum(ByteBuffer in, int at, float[] out) {
    float scale = Half.at(in, at);
    for (int i = 0; i < out.length; i++) {
      out[i] = scale * (four(in, at + 2, i) - 8);
    }
  }

  /** {@code scale, minimum, 16 bytes}: {@code scale · q + minimum}. */
  static void q4WithMinimum(ByteBuffer in, int at, float[] out) {
    float scale = Half.at(in, at);
    float minimum = Half.at(in, at + 2);
    for (int i = 0; i < out.length; i++) {
      out[i] = scale * four(in, at + 4, i) + minimum;
    }
  }

  /** {@code scale, fifth bits, 16 bytes}: {@code scale · (q − 16)}. */
  static void q5WithoutMinimum(ByteBuffer in, int at, float[] out) {
    float scale = Half.at(in, at);
    int fifths = in.getInt(at + 2);
    for (int i = 0; i < out.length; i++) {
      out[i] = scale * ((four(in, at + 6, i) | fifth(fifths, i)) - 16);
    }
  }

  /** {@code scale, minimum, fifth bits, 16 bytes}: {@code scale · q + minimum}. */
  static void q5WithMinimum(ByteBuffer in, int at, float[] out) {
    float scale = Half.at(in, at);
    float minimum = Half.at(in, at + 2);
    int fifths = in.getInt(at + 4);
    for (int i = 0; i < out.length; i++) {
      out[i] = scale * (four(in, at + 8, i) | fifth(fifths, i)) + minimum;
    }
  }

  /** {@code scale, 32 signed bytes}: {@code scale · q}. */
  static void q8(ByteBuffer in, int at, float[] out) {
    float scale = Half.at(in, at);
    for (int i = 0; i < out.length; i++) {
      out[i] = scale * in.get(at + 2 + i);
    }
  }

  private static int four(ByteBuffer in, int at, int i) {
    int pair = in.get(at + i % HALF);
    return (i < HALF ? pair : pair >> 4) & 0xf;
  }

  private static int fifth(int fifths, int i) {
    return (fifths >> i & 1) << 4;
  }
}
