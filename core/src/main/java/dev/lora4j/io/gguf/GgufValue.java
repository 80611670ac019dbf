package dev.lora4j.io.gguf;

import java.util.List;

/** A metadata value of a GGUF file. */
public sealed interface GgufValue {

  /** Returns its type in the file. */
  GgufKind kind();

  /**
   * An integer.
   *
   * @param kind one of the eight integer types
   * @param number its value; a U64 above 2^63 as in {@link Long#toUnsignedString}
   */
  record Whole(GgufKind kind, long number) implements GgufValue {}

  /**
   * A floating-point number.
   *
   * @param kind F32 or F64
   */
  record Real(GgufKind kind, double number) implements GgufValue {}

  record Flag(boolean value) implements GgufValue {
    @Override
    public GgufKind kind() {
      return GgufKind.BOOL;
    }
  }

  record Text(String text) implements GgufValue {
    @Override
    public GgufKind kind() {
      return GgufKind.TEXT;
    }
  }

  /**
   * An array of values of one type.
   *
   * @param elements the type of the values
   */
  record Items(GgufKind elements, List<GgufValue> values) implements GgufValue {
    public Items {
      values = List.copyOf(values);
    }

    @Override
    public GgufKind kind() {
      return GgufKind.ARRAY;
    }
  }

  static GgufValue of(String text) {
    return new Text(text);
  }

  /** Returns an F32. */
  static GgufValue of(float number) {
    return new Real(GgufKind.F32, number);
  }
}
