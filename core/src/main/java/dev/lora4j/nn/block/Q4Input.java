package dev.lora4j.nn.block;

import java.util.Arrays;

/**
 * An input of {@link Q4Products}: each 32 elements as integers of 11 bits and a scale, in the order
 * in which windows of three blocks meet them.
 *
 * <p>A window has 32 places of 16 bits: for each block one for its scale, which is multiplied by
 * zero, and eight for its bytes in pairs; five are left over. A place has four codes of 4 bits.
 */
public final class Q4Input {
  static final int BLOCKS = 3;
  public static final int PLACES = 32;
  public static final int SUMS = 16;
  private static final int CODES = 4;
  private static final int BLOCK = 32;
  private static final int PAIRS = 8;
  private static final int PLACES_OF_BLOCK = 9;

  /** The sum of four products with codes up to 15 fits 16 bits. */
  private static final int LARGEST = Short.MAX_VALUE / (CODES * 15);

  /** A half's bits, moved to those of a float, are its value divided by this. */
  private static final float OF_HALF = 0x1p112f;

  private static final float TO_NEAREST = 0x1.8p23f; // added and subtracted, it rounds

  private short[] elements = new short[0];
  private int[] offsets = new int[0];
  private float[] scales = new float[0];
  private int touched;

  /** Returns the rounded elements, {@code [windows, 4, 32]}: by code of a place, and place. */
  public short[] elements() {
    return elements;
  }

  /** Returns 8 times the sum of the elements of each sum, {@code [windows, 16]}. */
  public int[] offsets() {
    return offsets;
  }

  /** Returns the scale of each sum, {@code [windows, 16]}. */
  public float[] scales() {
    return scales;
  }

  /** Returns the number of windows. */
  public int windows() {
    return scales.length / SUMS;
  }

  /** Uses values that were loaded only to have them in the cache. */
  public void touch(int loaded) {
    touched = loaded;
  }

  /** Returns what was touched last. */
  int touched() {
    return touched;
  }

  private static int windows(int columns) {
    return (columns / BLOCK + BLOCKS - 1) / BLOCKS;
  }

  /** Returns the block of a window to which one of its sums belongs. */
  public static int block(int sum) {
    return Math.min(BLOCKS - 1, 2 * sum / PLACES_OF_BLOCK);
  }

  /** Rounds an input of so many elements. */
  public void round(float[] x, int columns) {
    int windows = windows(columns);
    if (scales.length != windows * SUMS) {
      elements = new short[windows * CODES * PLACES];
      offsets = new int[windows * SUMS];
      scales = new float[windows * SUMS];
    }
    Arrays.fill(offsets, 0);
    for (int block = 0; block < columns / BLOCK; block++) {
      roundBlock(x, block);
    }
  }

  private void roundBlock(float[] x, int block) {
    int window = block / BLOCKS;
    int within = block % BLOCKS;
    float largest = 0;
    for (int i = 0; i < BLOCK; i++) {
      largest = Math.max(largest, Math.abs(x[block * BLOCK + i]));
    }
    float step = largest / LARGEST;
    for (int sum = 0; sum < SUMS; sum++) {
      if (block(sum) == within) {
        scales[window * SUMS + sum] = step * OF_HALF;
      }
    }
    float factor = largest < Float.MIN_NORMAL ? 0 : LARGEST / largest;
    for (int pair = 0; pair < PAIRS; pair++) {
      int from = block * BLOCK + 2 * pair;
      int place = within * PLACES_OF_BLOCK + 1 + pair;
      int at = window * CODES * PLACES + place;
      int sum = put(at, x[from] * factor);
      sum += put(at + PLACES, x[from + 16] * factor);
      sum += put(at + 2 * PLACES, x[from + 1] * factor);
      sum += put(at + 3 * PLACES, x[from + 17] * factor);
      offsets[window * SUMS + place / 2] += 8 * sum;
    }
  }

  private int put(int at, float value) {
    int rounded = (int) (value + TO_NEAREST - TO_NEAREST);
    elements[at] = (short) rounded;
    return rounded;
  }
}
