package dev.lora4j.io.gguf;

import java.util.Arrays;
import java.util.Optional;

/** The types of metadata values, with their codes in a file. */
public enum GgufKind {
  U8(0, 1),
  I8(1, 1),
  U16(2, 2),
  I16(3, 2),
  U32(4, 4),
  I32(5, 4),
  F32(6, 4),
  BOOL(7, 1),
  TEXT(8, 8),
  ARRAY(9, 12),
  U64(10, 8),
  I64(11, 8),
  F64(12, 8);

  private final int number;
  private final int leastBytes;

  GgufKind(int number, int leastBytes) {
    this.number = number;
    this.leastBytes = leastBytes;
  }

  int number() {
    return number;
  }

  /** Returns the fewest bytes of a value in a file. */
  int leastBytes() {
    return leastBytes;
  }

  static Optional<GgufKind> numbered(long number) {
    return Arrays.stream(values()).filter(kind -> kind.number == number).findFirst();
  }
}
