package dev.lora4j.nn.block;

import static dev.lora4j.nn.block.GroupBytes.LINE;
import static dev.lora4j.nn.block.GroupBytes.WORD;

import java.util.Arrays;

/**
 * Interleaved rows of Q6_K blocks.
 *
 * <p>A group begins with the scales of the blocks: for each pair of blocks one integer per row, the
 * first block's half in its lower 16 bits. The rest of each block follows, the file's 208 bytes
 * four at a time: 128 of low bits, 64 of high bits, 16 scales.
 *
 * @param blocks number of blocks of a row
 */
public record SixBitGroups(int blocks) implements RowGroups {
  private static final int BYTES = 208; // of a block without its half

  /** Number of bytes of a block of each row, without the halves. */
  public static final int BLOCK = BYTES * ROWS;

  /** Offset of the high bits in a block. */
  public static final int HIGH = 32 * LINE;

  /** Offset of the scales in a block. */
  public static final int SCALES = 48 * LINE;

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

  int word(int row, int block, int word) {
    return codes() + block * BLOCK + word * LINE + row * WORD;
  }
}
