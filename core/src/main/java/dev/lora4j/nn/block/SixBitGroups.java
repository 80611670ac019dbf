package dev.lora4j.nn.block;

import static dev.lora4j.nn.block.GroupBytes.LINE;
import static dev.lora4j.nn.block.GroupBytes.WORD;

import java.util.Arrays;

/**
 * Interleaved rows of Q6_K blocks.
 *
 * <p>A group begins with the scales of the blocks: for each pair of blocks one integer per row, the
 * first block's half in its lower 16 bits. The rest of each block follows in the order in which a
 * product reads it, so that memory is read ahead: for each half of 128 codes two words of scales,
 * then eight times one of high bits and two of low bits. The bytes are the file's.
 *
 * @param blocks number of blocks of a row
 */
public record SixBitGroups(int blocks) implements RowGroups {
  private static final int BYTES = 208; // of a block without its half

  /** Number of bytes of a block of each row, without the halves. */
  public static final int BLOCK = BYTES * ROWS;

  /** Number of words of scales before the codes of a half. */
  public static final int SCALE_WORDS = 2;

  /** Number of words of eight codes of each quarter. */
  public static final int CODE_WORDS = 3;

  /** Number of bytes of half a block of each row. */
  public static final int HALF_BLOCK = BLOCK / 2;

  @Override
  public BlockType type() {
    return BlockType.Q6_K;
  }

  /** Returns the offset of the blocks in a group. */
  public int codes() {
    return GroupBytes.halves(blocks);
  }

  @Override
  public int groupBytes() {
    return codes() + blocks * BLOCK;
  }

  @Override
  public RoundedInput.Order inputOrder() {
    return RoundedInput.Order.SIX_BITS;
  }

  @Override
  public void pack(byte[] rows, byte[] group) {
    Arrays.fill(group, 0, codes(), (byte) 0);
    for (int row = 0; row < ROWS; row++) {
      for (int block = 0; block < blocks; block++) {
        int at = row * rowBytes() + block * type().bytes();
        for (int word = 0; word < BYTES / WORD; word++) {
          GroupBytes.copyWord(rows, at + word * WORD, group, word(row, block, word));
        }
        GroupBytes.copyFinite(rows, at + BYTES, group, GroupBytes.half(row, block));
      }
    }
  }

  @Override
  public void unpack(byte[] group, int row, byte[] to, int at) {
    for (int block = 0; block < blocks; block++, at += type().bytes()) {
      for (int word = 0; word < BYTES / WORD; word++) {
        GroupBytes.copyWord(group, word(row, block, word), to, at + word * WORD);
      }
      GroupBytes.copyHalf(group, GroupBytes.half(row, block), to, at + BYTES);
    }
  }

  /**
   * Returns the offset of a word in a group.
   *
   * @param word index in the file's block: 32 of low bits, 16 of high bits, 4 of scales
   */
  int word(int row, int block, int word) {
    return codes() + block * BLOCK + place(word) * LINE + row * WORD;
  }

  private static int place(int word) {
    if (word < 32) {
      return inHalf(word / 16, SCALE_WORDS + word % 8 * CODE_WORDS + 1 + word / 8 % 2);
    }
    return word < 48
        ? inHalf((word - 32) / 8, SCALE_WORDS + word % 8 * CODE_WORDS)
        : inHalf((word - 48) / 2, word % 2);
  }

  private static int inHalf(int half, int word) {
    return half * HALF_BLOCK / LINE + word;
  }
}
