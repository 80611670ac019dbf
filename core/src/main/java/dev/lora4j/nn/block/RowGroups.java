package dev.lora4j.nn.block;

import dev.lora4j.UserError;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A layout of Q4_0 and Q4_1 blocks for products: 16 rows of a matrix interleaved, so that a vector
 * of 16 integers meets one value of each row, and a row's sum needs no addition across a vector.
 *
 * <p>A group begins with the scales, then the minima if the type has them: for each pair of blocks
 * one integer per row, the first block's half in its lower 16 bits. The codes follow: for each
 * block four times four bytes of each row. The bytes are the file's, apart from the padding of an
 * odd last block.
 *
 * @param type Q4_0 or Q4_1
 * @param blocks number of blocks of a row
 */
public record RowGroups(BlockType type, int blocks) {
  /** Number of rows in a group. */
  public static final int ROWS = 16;

  static final int CODES = 16; // bytes of a block's codes
  private static final int WORD = 4;
  private static final int PAIR = ROWS * WORD; // bytes of the scales of two blocks
  private static final int HALF = 2;
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle HALVES =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.nativeOrder());

  /** Returns whether a type has this layout. */
  public static boolean suit(BlockType type) {
    return type == BlockType.Q4_0 || type == BlockType.Q4_1;
  }

  /** Returns the layout of rows with so many values. */
  public static RowGroups of(BlockType type, long columns) {
    return new RowGroups(type, Math.toIntExact(columns / type.elements()));
  }

  /** Returns whether the type has minima beside its scales. */
  public boolean hasMinima() {
    return type == BlockType.Q4_1;
  }

  /** Returns the offset of the minima in a group. */
  public int minima() {
    return (blocks + 1) / 2 * PAIR;
  }

  /** Returns the offset of the codes in a group. */
  public int codes() {
    return (hasMinima() ? 2 : 1) * minima();
  }

  /** Returns the number of bytes of a group. */
  public int groupBytes() {
    return codes() + blocks * ROWS * CODES;
  }

  /** Returns the number of bytes of a row in the file's layout. */
  public int rowBytes() {
    return blocks * type.bytes();
  }

  /**
   * Interleaves 16 rows.
   *
   * @param rows in the file's layout, one after the other
   * @param group receives the group
   * @throws UserError if a scale or a minimum is not finite
   */
  public void pack(byte[] rows, byte[] group) {
    Arrays.fill(group, 0, codes(), (byte) 0);
    for (int row = 0; row < ROWS; row++) {
      for (int block = 0; block < blocks; block++) {
        int at = row * rowBytes() + block * type.bytes();
        copyFinite(rows, at, group, scale(row, block));
        if (hasMinima()) {
          copyFinite(rows, at + HALF, group, minima() + scale(row, block));
        }
        int codes = at + type.bytes() - CODES;
        for (int word = 0; word < CODES; word += WORD) {
          WORDS.set(group, code(row, block, word), (int) WORDS.get(rows, codes + word));
        }
      }
    }
  }

  /**
   * Restores one row of a group.
   *
   * @param to receives the row in the file's layout
   * @param at index of its first byte
   */
  public void unpack(byte[] group, int row, byte[] to, int at) {
    for (int block = 0; block < blocks; block++, at += type.bytes()) {
      HALVES.set(to, at, (short) HALVES.get(group, scale(row, block)));
      if (hasMinima()) {
        HALVES.set(to, at + HALF, (short) HALVES.get(group, minima() + scale(row, block)));
      }
      int codes = at + type.bytes() - CODES;
      for (int word = 0; word < CODES; word += WORD) {
        WORDS.set(to, codes + word, (int) WORDS.get(group, code(row, block, word)));
      }
    }
  }

  private static void copyFinite(byte[] from, int at, byte[] to, int place) {
    float value = Halves.at(from, at);
    if (!Float.isFinite(value)) {
      throw new UserError("a block has a scale or minimum that is not finite: " + value);
    }
    HALVES.set(to, place, (short) HALVES.get(from, at));
  }

  int scale(int row, int block) {
    return block / 2 * PAIR + row * WORD + block % 2 * HALF;
  }

  int code(int row, int block, int word) {
    return codes() + block * ROWS * CODES + word * ROWS + row * WORD;
  }
}
