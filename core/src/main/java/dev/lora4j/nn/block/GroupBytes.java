package dev.lora4j.nn.block;

import dev.lora4j.UserError;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Copies of words and halves between rows and {@link RowGroups}. */
final class GroupBytes {
  static final int WORD = 4;

  /** Number of bytes of a word of each row. */
  static final int LINE = RowGroups.ROWS * WORD;

  static final int HALF = 2;

  private static final int EXPONENT = 0x7c00; // of infinity and NaN

  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle HALVES =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.nativeOrder());

  private GroupBytes() {}

  static void copyWord(byte[] from, int at, byte[] to, int place) {
    WORDS.set(to, place, (int) WORDS.get(from, at));
  }

  static void copyHalf(byte[] from, int at, byte[] to, int place) {
    HALVES.set(to, place, (short) HALVES.get(from, at));
  }

  static void copyFinite(byte[] from, int at, byte[] to, int place) {
    short half = (short) HALVES.get(from, at);
    if ((half & EXPONENT) == EXPONENT) {
      throw new UserError(
          "a block has a scale or minimum that is not finite: " + Halves.toFloat(half));
    }
    HALVES.set(to, place, half);
  }

  /** Returns the offset of a block's half: those of two blocks share a word of a row. */
  static int half(int row, int block) {
    return block / 2 * LINE + row * WORD + block % 2 * HALF;
  }

  /** Returns the number of bytes of the halves of so many blocks. */
  static int halves(int blocks) {
    return (blocks + 1) / 2 * LINE;
  }
}
