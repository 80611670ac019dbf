package dev.lora4j.io.gguf;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The formats of tensors in a GGUF file that are read here. A quantised row is a run of blocks,
 * each with numbers of a few bits and a scale or two.
 */
public enum GgmlType {
  F32(0, DType.F32),
  F16(1, DType.F16),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  I8(24, DType.I8),
  I16(25, DType.I16),
  I32(26, DType.I32),
  I64(27, DType.I64),
  F64(28, DType.F64),
  BF16(30, DType.BF16);

  private final int number;
  private final int blockElements;
  private final int blockBytes;
  private final @Nullable DType plain;

  GgmlType(int number, DType plain) {
    this.number = number;
    this.plain = plain;
    blockElements = 1;
    blockBytes = plain.bytes();
  }

  GgmlType(int number, int blockElements, int blockBytes) {
    this.number = number;
    this.plain = null;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** Its number in a file. */
  int number() {
    return number;
  }

  /** Elements of a block; 1 where the numbers stand for themselves. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether its numbers stand for others. */
  public boolean isQuantized() {
    return plain == null;
  }

  /**
   * Refuses a format that is read only.
   *
   * @throws UserError naming those that are written
   */
  public void requireWritten() {
    if (isQuantized() && this != Q8_0) {
      throw new UserError(this + " is read, but not written; written are F32, F16, BF16 and Q8_0");
    }
  }

  /** The format of the numbers that it is read as: its own, or F32 where it is quantised. */
  public DType dtype() {
    return plain == null ? DType.F32 : plain;
  }

  static Optional<GgmlType> numbered(long number) {
    for (GgmlType type : values()) {
      if (type.number == number) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The type of these numbers; empty for those that GGUF has none for, such as BOOL. */
  static Optional<GgmlType> of(DType dtype) {
    for (GgmlType type : values()) {
      if (type.plain == dtype) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
