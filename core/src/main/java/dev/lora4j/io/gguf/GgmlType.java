package dev.lora4j.io.gguf;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The supported tensor types of GGUF files. A quantised row is a sequence of blocks, each with
 * values of a few bits and one or two scales.
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

  /** Returns its code in a file. */
  int number() {
    return number;
  }

  /** Returns the elements of a block; 1 if the type is not quantised. */
  public int blockElements() {
    return blockElements;
  }

  int blockBytes() {
    return blockBytes;
  }

  /** Returns the bytes of a row of this many elements, which fill whole blocks. */
  public long bytesOf(long elements) {
    return elements / blockElements * blockBytes;
  }

  public boolean isQuantized() {
    return plain == null;
  }

  /**
   * Refuses a type that can be read but not written.
   *
   * @throws UserError naming the types that can be written
   */
  public void requireWritten() {
    if (isQuantized() && this != Q8_0) {
      throw new UserError(this + " can be read but not written; use F32, F16, BF16 or Q8_0");
    }
  }

  /** Returns the dtype that it is read as: its own, or F32 if it is quantised. */
  public DType dtype() {
    return plain == null ? DType.F32 : plain;
  }

  static Optional<GgmlType> numbered(long number) {
    return Arrays.stream(values()).filter(type -> type.number == number).findFirst();
  }

  /** Returns the type of a dtype; empty if GGUF has none, as for BOOL. */
  static Optional<GgmlType> of(DType dtype) {
    return Arrays.stream(values()).filter(type -> type.plain == dtype).findFirst();
  }
}
