package dev.lora4j.nn.block;

import static dev.lora4j.nn.block.GroupBytes.HALF;
import static dev.lora4j.nn.block.GroupBytes.LINE;
import static dev.lora4j.nn.block.GroupBytes.WORD;

import java.util.Arrays;

/**
 * Interleaved rows of Q4_0 and Q4_1 blocks.
 *
 * <p>A group begins with the scales, then the minima if the type has them: for each pair of blocks
 * one integer per row, the first block's half in its lower 16 bits. The codes follow: for each
 * block four times four bytes of each row. The bytes are the file's, apart from the padding of an
 * odd last block.
 *
 * @param type Q4_0 or Q4_1
 * @param blocks number of blocks of a row
 */
public record FourBitGroups(BlockType type, int blocks) implements RowGroups {
  static final int CODES = 16; // bytes of a block's codes

  /** Returns whether the type has minima beside its scales. */
  public boolean hasMinima() {
    return type == BlockType.Q4_1;
  }

  /** Returns the offset of the minima in a group. */
  public int minima() {
    return GroupBytes.halves(blocks);
  }

  /** Returns the offset of the codes in a group. */
  public int codes() {
    return (hasMinima() ? 2 : 1) * minima();
  }

  @Override
  public int groupBytes() {
    return codes() + blocks * ROWS * CODES;
  }

  @Override
  public RoundedInput.Order inputOrder() {
    return RoundedInput.Order.FOUR_BITS;
  }

  @Override
  public void pack(byte[] rows, byte[] group) {
    Arrays.fill(group, 0, codes(), (byte) 0);
    for (int row = 0; row < ROWS; row++) {
      for (int block = 0; block < blocks; block++) {
        int at = row * rowBytes() + block * type.bytes();
        GroupBytes.copyFinite(rows, at, group, scale(row, block));
        if (hasMinima()) {
          GroupBytes.copyFinite(rows, at + HALF, group, minima() + scale(row, block));
        }
        int codes = at + type.bytes() - CODES;
        for (int word = 0; word < CODES; word += WORD) {
          GroupBytes.copyWord(rows, codes + word, group, code(row, block, word));
        }
      }
    }
  }

  @Override
  public void unpack(byte[] group, int row, byte[] to, int at) {
    for (int block = 0; block < blocks; block++, at += type.bytes()) {
      GroupBytes.copyHalf(group, scale(row, block), to, at);
      if (hasMinima()) {
        GroupBytes.copyHalf(group, minima() + scale(row, block), to, at + HALF);
      }
      int codes = at + type.bytes() - CODES;
      for (int word = 0; word < CODES; word += WORD) {
        GroupBytes.copyWord(group, code(row, block, word), to, codes + word);
      }
    }
  }

  int scale(int row, int block) {
    return GroupBytes.half(row, block);
  }

  int code(int row, int block, int word) {
    return codes() + block * ROWS * CODES + word / WORD * LINE + row * WORD;
  }
}
