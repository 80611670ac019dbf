package dev.lora4j.nn.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Products of {@link RowGroups} with inputs. As in llama.cpp, the input is rounded to integers,
 * here of 9 bits for codes of 4 bits and of 8 for codes of 6, and products are of integers. Codes
 * of 8 bits are multiplied by the input as it is.
 */
public final class GroupProducts {
  /** Number of inputs that share the reading of codes. */
  public static final int INPUTS = 4;

  /** Maximum number of groups in a product. */
  public static final int GROUPS = 4;

  /** Number of products of so many groups. */
  public static final int ROWS = GROUPS * RowGroups.ROWS;

  private static final float ZERO_CODE = 8;

  private final RowGroups groups;
  private final @Nullable VectorArithmetic vectors;

  public GroupProducts(RowGroups groups) {
    this(groups, VectorArithmetic.PRESENT);
  }

  GroupProducts(RowGroups groups, Optional<VectorArithmetic> arithmetic) {
    this.groups = groups;
    vectors = arithmetic.orElse(null);
  }

  /** Returns whether this JVM and CPU have vectors for the products. */
  public static boolean areFast() {
    return VectorArithmetic.PRESENT.isPresent();
  }

  /**
   * Computes the products of the rows of consecutive groups with an input of as many columns.
   *
   * @param at offset of the first group
   * @param count number of groups, at most {@link #GROUPS}
   * @param y has {@link #ROWS} elements, the first of which receive the products
   */
  public void multiply(GroupMemory memory, int at, int count, RoundedInput x, float[] y) {
    if (vectors != null) {
      vectors.multiply(groups, memory, at, count, x, y);
    } else {
      multiplyPlainly(memory, at, count, x, y);
    }
  }

  /**
   * Computes the products with {@link #INPUTS} inputs, each with the bits of its product alone.
   *
   * @param at offset of the first group
   * @param count number of groups, at most {@link #GROUPS}
   * @param x inputs
   * @param input the first one
   * @param y has {@link #ROWS} elements for each
   */
  public void multiply(
      GroupMemory memory, int at, int count, RoundedInput[] x, int input, float[][] y) {
    if (vectors != null) {
      vectors.multiply(groups, memory, at, count, x, input, y);
    } else {
      for (int i = 0; i < INPUTS; i++) {
        multiplyPlainly(memory, at, count, x[input + i], y[i]);
      }
    }
  }

  private void multiplyPlainly(GroupMemory memory, int at, int count, RoundedInput x, float[] y) {
    int size = groups.groupBytes();
    for (int i = 0; i < count; i++) {
      ByteBuffer group = memory.bytes().slice(at + i * size, size).order(ByteOrder.LITTLE_ENDIAN);
      multiplyPlainly(group, x, y, i * RowGroups.ROWS);
    }
  }

  private void multiplyPlainly(ByteBuffer group, RoundedInput x, float[] y, int place) {
    if (groups instanceof SixBitGroups six) {
      multiplySixBits(six, group, x, y, place);
    } else if (groups instanceof EightBitGroups eight) {
      multiplyEightBits(eight, group, x, y, place);
    } else if (groups instanceof FourBitGroups four) {
      multiplyFourBits(four, group, x, y, place);
    }
  }

  private static void multiplyFourBits(
      FourBitGroups four, ByteBuffer group, RoundedInput x, float[] y, int place) {
    for (int row = 0; row < RowGroups.ROWS; row++) {
      float total = 0;
      for (int block = 0; block < x.blocks(); block++) {
        float scale = half(group, four.scale(row, block)) * x.scales()[block];
        total = Math.fma(sum(four, group, row, block, x), scale, total);
      }
      for (int block = 0; block < x.blocks() && four.hasMinima(); block++) {
        float scale = half(group, four.scale(row, block));
        float minimum = half(group, four.minima() + four.scale(row, block));
        total = Math.fma(Math.fma(scale, ZERO_CODE, minimum), x.sums()[block], total);
      }
      y[place + row] = total;
    }
  }

  private static float half(ByteBuffer group, int at) {
    return Halves.toFloat(group.getShort(at));
  }

  /** Returns the sum of a block's products, of codes less 8. */
  private static int sum(FourBitGroups four, ByteBuffer group, int row, int block, RoundedInput x) {
    short lower = (short) x.offsets()[block];
    short upper = (short) (x.offsets()[block] >> 16);
    for (int word = 0; word < 4; word++) {
      int bits = group.getInt(four.code(row, block, word * Integer.BYTES));
      for (int code = 0; code < 4; code++) {
        int pair = x.pairs()[block * RoundedInput.PAIRS + 4 * word + code];
        lower += (short) (((bits >>> (4 * code)) & 15) * (short) pair);
        upper += (short) (((bits >>> (16 + 4 * code)) & 15) * (pair >> 16));
      }
    }
    return lower + upper;
  }

  private static void multiplyEightBits(
      EightBitGroups eight, ByteBuffer group, RoundedInput x, float[] y, int place) {
    float[] elements = x.elements();
    for (int row = 0; row < RowGroups.ROWS; row++) {
      float total = 0;
      for (int block = 0; block < x.blocks(); block++) {
        float sum = 0;
        for (int code = 0; code < RoundedInput.BLOCK; code++) {
          byte value = group.get(eight.code(row, block, code) + code % Integer.BYTES);
          sum = Math.fma(value, elements[block * RoundedInput.BLOCK + code], sum);
        }
        total = Math.fma(sum, half(group, GroupBytes.half(row, block)), total);
      }
      y[place + row] = total;
    }
  }

  private static void multiplySixBits(
      SixBitGroups six, ByteBuffer group, RoundedInput x, float[] y, int place) {
    for (int row = 0; row < RowGroups.ROWS; row++) {
      float total = 0;
      for (int half = 0; half < 2 * six.blocks(); half++) {
        float scale = half(group, GroupBytes.half(row, half / 2));
        for (int part = 0; part < 2; part++) {
          for (int quarter = 0; quarter < 4; quarter++) {
            int block = 4 * half + quarter;
            int sixteen = 8 * (half % 2) + 2 * quarter + part;
            int word = six.word(row, half / 2, 48 + sixteen / 4);
            int sum =
                sum(six, group, row, half, quarter, part, x)
                    * (byte) (group.getInt(word) >> (8 * (sixteen % 4)));
            total = Math.fma(sum, scale * x.scales()[block], total);
          }
        }
      }
      y[place + row] = total;
    }
  }

  /** Returns the sum of the products of 16 codes less 32. */
  private static int sum(
      SixBitGroups six,
      ByteBuffer group,
      int row,
      int half,
      int quarter,
      int part,
      RoundedInput x) {
    int offset = x.offsets()[2 * (4 * half + quarter) + part];
    short lower = (short) offset;
    short upper = (short) (offset >> 16);
    for (int word = 4 * part; word < 4 * part + 4; word++) {
      int inBlock = 16 * (half % 2) + 8 * (quarter % 2) + word;
      int low = group.getInt(six.word(row, half / 2, inBlock)) >>> (4 * (quarter / 2));
      int high = group.getInt(six.word(row, half / 2, 32 + 8 * (half % 2) + word));
      int codes = (low & 0x0f0f0f0f) | ((high >>> (2 * quarter) & 0x03030303) << 4);
      int pair = 64 * half + 8 * word + 4 * (quarter % 2) + quarter / 2;
      int first = x.pairs()[pair];
      int second = x.pairs()[pair + 2];
      lower += (short) ((codes & 63) * (short) first + (codes >> 8 & 63) * (short) second);
      upper += (short) ((codes >> 16 & 63) * (first >> 16) + (codes >>> 24) * (second >> 16));
    }
    return lower + upper;
  }
}
