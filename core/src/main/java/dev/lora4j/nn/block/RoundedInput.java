package dev.lora4j.nn.block;

/**
 * An input of {@link GroupProducts}: each 32 elements as integers of 9 bits and a scale, in the
 * order in which a row's codes lie in a group.
 *
 * <p>A word of four bytes has eight codes of 4 bits. Its lower and its upper half are multiplied as
 * integers of 16 bits, so the two elements that they meet are a pair.
 */
public final class RoundedInput {
  static final int BLOCK = 32;

  /** Number of pairs of a block: four words, in each of which four pairs of codes. */
  public static final int PAIRS = BLOCK / 2;

  /** The sum of 16 products with codes from -8 to 7 fits 16 bits. */
  private static final int LARGEST = Short.MAX_VALUE / (16 * 8);

  private static final int ZERO_CODE = 8;
  private static final float TO_NEAREST = 0x1.8p23f; // added and subtracted, it rounds

  private int blocks;
  private int[] pairs = new int[0];
  private int[] offsets = new int[0];
  private float[] scales = new float[0];
  private float[] sums = new float[0];

  /** Returns the number of blocks. */
  public int blocks() {
    return blocks;
  }

  /** Returns the rounded elements in pairs, {@code [blocks, 16]}. */
  public int[] pairs() {
    return pairs;
  }

  /** Returns a pair for each block, minus 8 times the sums of its elements in either half. */
  public int[] offsets() {
    return offsets;
  }

  /** Returns the scale of each block. */
  public float[] scales() {
    return scales;
  }

  /** Returns the sum of each block's elements, after rounding. */
  public float[] sums() {
    return sums;
  }

  /** Rounds an input of so many elements. */
  public void round(float[] x, int columns) {
    blocks = columns / BLOCK;
    if (scales.length < blocks) {
      pairs = new int[blocks * PAIRS];
      offsets = new int[blocks];
      scales = new float[blocks];
      sums = new float[blocks];
    }
    for (int block = 0; block < blocks; block++) {
      roundBlock(x, block);
    }
  }

  private void roundBlock(float[] x, int block) {
    int from = block * BLOCK;
    float largest = 0;
    for (int i = 0; i < BLOCK; i++) {
      largest = Math.max(largest, Math.abs(x[from + i]));
    }
    float factor = largest < Float.MIN_NORMAL ? 0 : LARGEST / largest;
    int lower = 0;
    int upper = 0;
    for (int word = 0; word < 4; word++) {
      for (int code = 0; code < 4; code++) {
        int element = from + 4 * word + (code >> 1) + (code & 1) * 16;
        int first = rounded(x[element] * factor);
        int second = rounded(x[element + 2] * factor);
        pairs[block * PAIRS + 4 * word + code] = pair(first, second);
        lower += first;
        upper += second;
      }
    }
    offsets[block] = pair(-ZERO_CODE * lower, -ZERO_CODE * upper);
    scales[block] = largest / LARGEST;
    sums[block] = scales[block] * (lower + upper);
  }

  private static int rounded(float value) {
    return (int) (value + TO_NEAREST - TO_NEAREST);
  }

  private static int pair(int lower, int upper) {
    return (lower & 0xffff) | (upper << 16);
  }
}
