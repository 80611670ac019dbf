package dev.lora4j.nn.block;

import dev.lora4j.UserError;

/**
 * A layout of blocks for products: 16 rows of a matrix interleaved, so that a vector of 16 integers
 * meets one value of each row, and a row's sum needs no addition across a vector. Each four bytes
 * of a row are followed by those of the next one.
 */
public sealed interface RowGroups permits FourBitGroups, SixBitGroups, EightBitGroups {
  /** Number of rows in a group. */
  int ROWS = 16;

  /** Returns whether a type has such a layout. */
  static boolean suit(BlockType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q6_K, Q8_0 -> true;
      case Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, IQ4_NL, IQ4_XS -> false;
    };
  }

  /** Returns the layout of rows with so many values. */
  static RowGroups of(BlockType type, long columns) {
    int blocks = Math.toIntExact(columns / type.elements());
    return switch (type) {
      case Q6_K -> new SixBitGroups(blocks);
      case Q8_0 -> new EightBitGroups(blocks);
      default -> new FourBitGroups(type, blocks);
    };
  }

  BlockType type();

  /** Returns the number of blocks of a row. */
  int blocks();

  /** Returns the number of bytes of a group. */
  int groupBytes();

  /** Returns the number of bytes of a row in the file's layout. */
  default int rowBytes() {
    return blocks() * type().bytes();
  }

  /** Returns how the input of a product is rounded, if it is. */
  RoundedInput.Order inputOrder();

  /**
   * Interleaves 16 rows.
   *
   * @param rows in the file's layout, one after the other
   * @param group receives the group
   * @throws UserError if a scale or a minimum is not finite
   */
  void pack(byte[] rows, byte[] group);

  /**
   * Restores one row of a group.
   *
   * @param to receives the row in the file's layout
   * @param at index of its first byte
   */
  void unpack(byte[] group, int row, byte[] to, int at);
}
