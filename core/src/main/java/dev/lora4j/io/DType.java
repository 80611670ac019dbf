package dev.lora4j.io;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The element types of tensor files, by their names in a safetensors header. The 8-bit
 * floating-point types are those of Micikevicius et al. 2022, <a
 * href="https://arxiv.org/abs/2209.05433">arXiv:2209.05433</a>.
 */
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
  BOOL(1),
  U64(8),
  U32(4),
  U16(2),
  F8_E5M2(1),
  F8_E4M3(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  public int bytes() {
    return bytes;
  }

  public boolean isFloating() {
    return name().contains("F");
  }

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
      case U64 -> ScalarType.UInt64;
      case U32 -> ScalarType.UInt32;
      case U16 -> ScalarType.UInt16;
      case F8_E5M2 -> ScalarType.Float8_e5m2;
      case F8_E4M3 -> ScalarType.Float8_e4m3fn;
    };
  }

  /**
   * Returns the dtype of a libtorch type; empty for types that a file can't store, such as complex.
   */
  public static Optional<DType> of(ScalarType type) {
    ScalarType known = type.intern();
    return Arrays.stream(values()).filter(dtype -> dtype.torch() == known).findFirst();
  }

  static Optional<DType> named(String name) {
    return Arrays.stream(values()).filter(dtype -> dtype.name().equals(name)).findFirst();
  }
}
