package dev.lora4j.nn.block;

import static dev.lora4j.nn.block.GroupBytes.LINE;
import static dev.lora4j.nn.block.GroupBytes.WORD;

import java.util.Arrays;

/**
 * Interleaved rows of Q8_0 blocks.
 *
 * <p>A group begins with the scales: for each pair of blocks one integer per row, the first block's
 * half in its lower 16 bits. The codes follow: for each block eight times four bytes of each row.
 * The bytes are the file's, apart from the padding of an odd last block.
 *
 * @param blocks number of blocks of a row
 */
public record EightBitGroups(int blocks) implements RowGroups {
  private static final int CODES = 32; // bytes of a block's codes

  @Override
  public BlockType type() {
    return BlockType.Q8_0;
  }

  /** Returns the offset of the codes in a group. */
  public int codes() {
    return GroupBytes.halves(blocks);
  }

  @Override
  public int groupBytes() {
    return codes() + blocks * ROWS * CODES;
  }

  @Override
  public RoundedInput.Order inputOrder() {
    return RoundedInput.Order.UNROUNDED;
  }

  @Override
  public void pack(byte[] rows, byte[] group) {
    Arrays.fill(group, 0, codes(), (byte) 0);
    for (int row = 0; row < ROWS; row++) {
      for (int block = 0; block < blocks; block++) {
        int at = row * rowBytes() + block * type().bytes();
        GroupBytes.copyFinite(rows, at, group, GroupBytes.half(row, block));
        for (int code = 0; code < CODES; code += WORD) {
          GroupBytes.copyWord(rows, at + GroupBytes.HALF + code, group, code(row, block, code));
        }
      }
    }
  }

  @Override
  public void unpack(byte[] group, int row, byte[] to, int at) {
    for (int block = 0; block < blocks; block++, at += type().bytes()) {
      GroupBytes.copyHalf(group, GroupBytes.half(row, block), to, at);
      for (int code = 0; code < CODES; code += WORD) {
        GroupBytes.copyWord(group, code(row, block, code), to, at + GroupBytes.HALF + code);
      }
    }
  }

  /** Returns the offset of four codes of a row, from one of a block on. */
  int code(int row, int block, int code) {
    return codes() + block * ROWS * CODES + code / WORD * LINE + row * WORD;
  }
}
