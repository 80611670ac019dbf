package dev.lora4j.io.gguf;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.nn.block.BlockType;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The supported tensor types of GGUF files. A quantised row is a sequence of blocks, each with
 * values of a few bits and one or two scales.
 */
public enum GgmlType {
  F32(0, DType.F32),
  F16(1, DType.F16),
  Q4_0(2, BlockType.Q4_0),
  Q4_1(3, BlockType.Q4_1),
  Q5_0(6, BlockType.Q5_0),
  Q5_1(7, BlockType.Q5_1),
  Q8_0(8, BlockType.Q8_0),
  Q2_K(10, BlockType.Q2_K),
  Q3_K(11, BlockType.Q3_K),
  Q4_K(12, BlockType.Q4_K),
  Q5_K(13, BlockType.Q5_K),
  Q6_K(14, BlockType.Q6_K),
  IQ4_NL(20, BlockType.IQ4_NL),
  IQ4_XS(23, BlockType.IQ4_XS),
  I8(24, DType.I8),
  I16(25, DType.I16),
  I32(26, DType.I32),
  I64(27, DType.I64),
  F64(28, DType.F64),
  BF16(30, DType.BF16);

  private final int number;
  private final @Nullable DType plain;
  private final @Nullable BlockType blocks;

  GgmlType(int number, DType plain) {
    this.number = number;
    this.plain = plain;
    blocks = null;
  }

  GgmlType(int number, BlockType blocks) {
    this.number = number;
    this.blocks = blocks;
    plain = null;
  }

  /** Returns its code in a file. */
  int number() {
    return number;
  }

  /** Returns the format of its blocks; empty if it is not quantised. */
  public Optional<BlockType> blocks() {
    return Optional.ofNullable(blocks);
  }

  /** Returns the elements of a block; 1 if the type is not quantised. */
  public int blockElements() {
    return blocks == null ? 1 : blocks.elements();
  }

  int blockBytes() {
    return blocks == null ? dtype().bytes() : blocks.bytes();
  }

  /** Returns the bytes of a row of this many elements, which fill whole blocks. */
  public long bytesOf(long elements) {
    return elements / blockElements() * blockBytes();
  }

  public boolean isQuantized() {
    return blocks != null;
  }

  /**
   * Refuses a type that can be read but not written.
   *
   * @throws UserError naming the types that can be written
   */
  public void requireWritten() {
    if (isWritten()) {
      return;
    }
    String written =
        Arrays.stream(values())
            .filter(type -> type.isWritten() && type.dtype().isFloating())
            .map(GgmlType::name)
            .collect(Collectors.joining(", "));
    throw new UserError(this + " can be read but not written; use one of " + written);
  }

  private boolean isWritten() {
    return blocks == null || blocks.canQuantize();
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
