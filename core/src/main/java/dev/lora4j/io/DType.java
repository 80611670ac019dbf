package dev.lora4j.io;

import java.util.Optional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The number formats of a safetensors file, by the names that stand in its header. */
public enum DType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U8(1),
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether its numbers have fractions. */
  public boolean isFloating() {
    return this == F64 || this == F32 || this == F16 || this == BF16;
  }

  /** libtorch's name for it. */
  public ScalarType torch() {
    return switch (this) {
      case F64 -> ScalarType.Double;
      case F32 -> ScalarType.Float;
      case F16 -> ScalarType.Half;
      case BF16 -> ScalarType.BFloat16;
      case I64 -> ScalarType.Long;
      case I32 -> ScalarType.Int;
      case I16 -> ScalarType.Short;
      case I8 -> ScalarType.Char;
      case U8 -> ScalarType.Byte;
      case BOOL -> ScalarType.Bool;
    };
  }

  /** The format of a libtorch type; empty for those that a file cannot hold, such as complex. */
  public static Optional<DType> of(ScalarType type) {
    ScalarType known = type.intern();
    for (DType candidate : values()) {
      if (candidate.torch() == known) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  static Optional<DType> named(String name) {
    for (DType candidate : values()) {
      if (candidate.name().equals(name)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }
}
