package dev.lora4j.io.gguf;

import java.util.List;

/** A value of a GGUF file's metadata. */
public sealed interface GgufValue {

  /** What kind of value it is in the file. */
  GgufKind kind();

  /**
   * A whole number.
   *
   * @param kind one of the eight whole kinds
   * @param number of U64 above 2^63 its bits, as in {@link Long#toUnsignedString}
   */
  record Whole(GgufKind kind, long number) implements GgufValue {}

  /**
   * A real number.
   *
   * @param kind F32 or F64
   */
  record Real(GgufKind kind, double number) implements GgufValue {}

  /** True or false. */
  record Flag(boolean value) implements GgufValue {
    @Override
    public GgufKind kind() {
      return GgufKind.BOOL;
    }
  }

  /** Text. */
  record Text(String text) implements GgufValue {
    @Override
    public GgufKind kind() {
      return GgufKind.TEXT;
    }
  }

  /**
   * A list of values of one kind.
   *
   * @param elements their kind
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

  /** Text. */
  static GgufValue of(String text) {
    return new Text(text);
  }

  /** A real number of four bytes. */
  static GgufValue of(float number) {
    return new Real(GgufKind.F32, number);
  }
}
