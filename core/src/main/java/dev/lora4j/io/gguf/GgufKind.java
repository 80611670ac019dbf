package dev.lora4j.io.gguf;

import java.util.Optional;

/** The kinds of metadata, in the order of their numbers in a file. */
public enum GgufKind {
  U8(1),
  I8(1),
  U16(2),
  I16(2),
  U32(4),
  I32(4),
  F32(4),
  BOOL(1),
  TEXT(8),
  ARRAY(12),
  U64(8),
  I64(8),
  F64(8);

  private final int leastBytes;

  GgufKind(int leastBytes) {
    this.leastBytes = leastBytes;
  }

  /** The fewest bytes that a value takes in a file. */
  int leastBytes() {
    return leastBytes;
  }

  static Optional<GgufKind> numbered(long number) {
    return number >= 0 && number < values().length
        ? Optional.of(values()[(int) number])
        : Optional.empty();
  }
}
