package dev.lora4j.nn.block;

import java.util.Arrays;

/**
 * An input of {@link GroupProducts}: each 32 elements as integers and a scale, in the order of a
 * row's codes in a group; or the elements as they are.
 *
 * <p>A word of four bytes has eight codes. Its lower and its upper half are multiplied as integers
 * of 16 bits, so the two elements that they meet are a pair.
 */
public final class RoundedInput {
  static final int BLOCK = 32;

  /** Number of pairs of a block. */
  public static final int PAIRS = BLOCK / 2;

  private static final float TO_NEAREST = 0x1.8p23f; // added and subtracted, it rounds

  /** The order of the elements, and the largest integer whose sums of products fit 16 bits. */
  public enum Order {
    /** Codes from -8 to 7, of which a sum has 16: one of each half of a block. */
    FOUR_BITS(8, 16, 1),

    /** Codes from -32 to 31, of which a sum has 8: one of each quarter of a block. */
    SIX_BITS(32, 8, 4),

    /** The elements as they are, for codes of 8 bits, which become floats. */
    UNROUNDED(1, PAIRS, 1);

    private final int zeroCode;
    private final int largest;
    private final int sums; // in either half of a word
    private final int blocks;

    Order(int zeroCode, int products, int blocks) {
      this.zeroCode = zeroCode;
      largest = Short.MAX_VALUE / (zeroCode * products);
      sums = PAIRS / products;
      this.blocks = blocks;
    }

    /** Returns the place of each element of the blocks that lie together. */
    private int[] places() {
      int[] places = new int[blocks * BLOCK];
      Arrays.setAll(places, element -> blocks == 1 ? inBlock(element) : inFourBlocks(element));
      return places;
    }

    /** Byte i of 16 has elements i and i + 16. */
    private static int inBlock(int element) {
      int at = element % 16;
      return place(at / 4 * 4, at, element / 16);
    }

    /** Byte i of 64 has elements i and i + 64 of 128. */
    private static int inFourBlocks(int element) {
      int block = element / BLOCK;
      int at = element % BLOCK;
      return place(at / 4 * 8 + block % 2 * 4, at, block / 2);
    }

    /** Returns twice the index of the pair, plus 1 for its upper half. */
    private static int place(int pairsOfWord, int at, int nibble) {
      return 2 * (pairsOfWord + at % 2 * 2 + nibble) + at % 4 / 2;
    }
  }

  private final Order order;
  private final int[] places;
  private int blocks;
  private int[] pairs = new int[0];
  private int[] offsets = new int[0];
  private float[] scales = new float[0];
  private float[] sums = new float[0];
  private float[] elements = new float[0];

  public RoundedInput(Order order) {
    this.order = order;
    places = order.places();
  }

  /** Returns the number of blocks. */
  public int blocks() {
    return blocks;
  }

  /** Returns the rounded elements in pairs, {@code [blocks, 16]}. */
  public int[] pairs() {
    return pairs;
  }

  /**
   * Returns a pair for each sum of products, minus the code of zero times the sum of its elements
   * in either half. A block has one sum, or one of each 16 elements.
   */
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

  /** Returns the elements, of {@link Order#UNROUNDED} input. */
  public float[] elements() {
    return elements;
  }

  /** Rounds an input of so many elements, or refers to it if it is not rounded. */
  public void round(float[] x, int columns) {
    blocks = columns / BLOCK;
    if (order == Order.UNROUNDED) {
      elements = x;
      return;
    }
    if (scales.length < blocks) {
      pairs = new int[blocks * PAIRS];
      offsets = new int[blocks * order.sums];
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
    float factor = largest < Float.MIN_NORMAL ? 0 : order.largest / largest;
    int total = 0;
    int count = BLOCK / order.sums;
    for (int sum = 0; sum < order.sums; sum++) {
      total += roundSum(x, from + sum * count, count, factor, block * order.sums + sum);
    }
    scales[block] = largest / order.largest;
    sums[block] = scales[block] * total;
  }

  /** Rounds the elements of one sum of products, and returns their sum. */
  private int roundSum(float[] x, int from, int count, float factor, int sum) {
    int first = from % places.length;
    int base = (from - first) / 2;
    int lower = 0;
    int upper = 0;
    for (int i = 0; i < count; i++) {
      int value = rounded(x[from + i] * factor);
      int place = places[first + i];
      int index = base + (place >> 1);
      if ((place & 1) == 0) {
        pairs[index] = pair(value, pairs[index] >> 16);
        lower += value;
      } else {
        pairs[index] = pair(pairs[index], value);
        upper += value;
      }
    }
    offsets[sum] = pair(-order.zeroCode * lower, -order.zeroCode * upper);
    return lower + upper;
  }

  private static int rounded(float value) {
    return (int) (value + TO_NEAREST - TO_NEAREST);
  }

  private static int pair(int lower, int upper) {
    return (lower & 0xffff) | (upper << 16);
  }
}
