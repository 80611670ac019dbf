package dev.lora4j;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/** Damages files as accidents and attackers do. */
final class Mutation {
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    65535,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 32,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    1L << 40,
    1L << 62
  };
  private static final int MOST_CHANGES = 6;
  private static final int MOST_BYTES = 64;

  private final Random random;

  Mutation(long seed) {
    random = new Random(seed);
  }

  /**
   * Returns a file with one to six changes, most of them in its first and last bytes, where the
   * headers are.
   */
  byte[] of(byte[] file) {
    byte[] result = file.clone();
    for (int change = random.nextInt(MOST_CHANGES); change >= 0 && result.length > 0; change--) {
      result = once(result);
    }
    return result;
  }

  private byte[] once(byte[] file) {
    int place = place(file.length);
    return switch (random.nextInt(7)) {
      case 0 -> flipped(file, place);
      case 1 -> numbered(file, place);
      case 2 -> Arrays.copyOf(file, place);
      case 3 -> without(file, place, Math.min(file.length - place, 1 + random.nextInt(MOST_BYTES)));
      case 4 -> with(file, place, noise());
      case 5 -> with(file, place, part(file));
      default -> over(file, place, part(file));
    };
  }

  private int place(int length) {
    int near = Math.min(length, 1 + random.nextInt(1 + Math.min(length, 600)));
    return switch (random.nextInt(3)) {
      case 0 -> near - 1;
      case 1 -> length - near;
      default -> random.nextInt(length);
    };
  }

  private byte[] flipped(byte[] file, int place) {
    file[place] ^= (byte) (1 << random.nextInt(8));
    return file;
  }

  private byte[] numbered(byte[] file, int place) {
    long number = NUMBERS[random.nextInt(NUMBERS.length)];
    byte[] bytes =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    return over(file, place, Arrays.copyOf(bytes, 1 << random.nextInt(4)));
  }

  private static byte[] over(byte[] file, int place, byte[] bytes) {
    System.arraycopy(bytes, 0, file, place, Math.min(bytes.length, file.length - place));
    return file;
  }

  private static byte[] without(byte[] file, int place, int count) {
    byte[] result = Arrays.copyOf(file, file.length - count);
    System.arraycopy(file, place + count, result, place, result.length - place);
    return result;
  }

  private static byte[] with(byte[] file, int place, byte[] bytes) {
    byte[] result = Arrays.copyOf(file, file.length + bytes.length);
    System.arraycopy(bytes, 0, result, place, bytes.length);
    System.arraycopy(file, place, result, place + bytes.length, file.length - place);
    return result;
  }

  private byte[] noise() {
    byte[] bytes = new byte[1 + random.nextInt(MOST_BYTES)];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] part(byte[] file) {
    int from = random.nextInt(file.length);
    return Arrays.copyOfRange(
        file, from, Math.min(file.length, from + 1 + random.nextInt(MOST_BYTES)));
  }
}
