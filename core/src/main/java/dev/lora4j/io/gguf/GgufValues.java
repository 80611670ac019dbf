package dev.lora4j.io.gguf;

import dev.lora4j.io.gguf.GgufValue.Flag;
import dev.lora4j.io.gguf.GgufValue.Items;
import dev.lora4j.io.gguf.GgufValue.Real;
import dev.lora4j.io.gguf.GgufValue.Text;
import dev.lora4j.io.gguf.GgufValue.Whole;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The encoding of metadata values: a type code, then the value, little-endian. */
final class GgufValues {
  private static final int MAX_DEPTH = 8;

  private GgufValues() {}

  static GgufValue read(GgufBytes bytes) throws IOException {
    return read(bytes, kind(bytes), 0);
  }

  private static GgufKind kind(GgufBytes bytes) throws IOException {
    long number = bytes.unsignedInt();
    return GgufKind.numbered(number)
        .orElseThrow(() -> bytes.corrupt("expected a value type from 0 to 12, found " + number));
  }

  private static GgufValue read(GgufBytes bytes, GgufKind kind, int depth) throws IOException {
    return switch (kind) {
      case U8 -> new Whole(kind, Byte.toUnsignedLong(bytes.signedByte()));
      case I8 -> new Whole(kind, bytes.signedByte());
      case U16 -> new Whole(kind, Short.toUnsignedLong(bytes.signedShort()));
      case I16 -> new Whole(kind, bytes.signedShort());
      case U32 -> new Whole(kind, bytes.unsignedInt());
      case I32 -> new Whole(kind, bytes.signedInt());
      case U64, I64 -> new Whole(kind, bytes.signedLong());
      case F32 -> new Real(kind, Float.intBitsToFloat(bytes.signedInt()));
      case F64 -> new Real(kind, Double.longBitsToDouble(bytes.signedLong()));
      case BOOL -> flag(bytes);
      case TEXT -> new Text(bytes.text());
      case ARRAY -> items(bytes, depth + 1);
    };
  }

  private static Flag flag(GgufBytes bytes) throws IOException {
    byte value = bytes.signedByte();
    if (value != 0 && value != 1) {
      throw bytes.corrupt("expected 0 or 1 as a boolean, found " + value);
    }
    return new Flag(value == 1);
  }

  private static Items items(GgufBytes bytes, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw bytes.corrupt("expected lists at most " + MAX_DEPTH + " deep");
    }
    GgufKind kind = kind(bytes);
    long count = bytes.count("values of " + kind, kind.leastBytes());
    List<GgufValue> values = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      values.add(read(bytes, kind, depth));
    }
    return new Items(kind, values);
  }

  static void write(DataOutput out, GgufValue value) throws IOException {
    writeInt(out, value.kind().number());
    writeBare(out, value);
  }

  private static void writeBare(DataOutput out, GgufValue value) throws IOException {
    if (value instanceof Whole whole) {
      writeWhole(out, whole);
    } else if (value instanceof Real real) {
      writeReal(out, real);
    } else if (value instanceof Flag flag) {
      out.writeByte(flag.value() ? 1 : 0);
    } else if (value instanceof Text text) {
      writeText(out, text.text());
    } else if (value instanceof Items items) {
      writeInt(out, items.elements().number());
      writeLong(out, items.values().size());
      for (GgufValue item : items.values()) {
        writeBare(out, item);
      }
    }
  }

  private static void writeWhole(DataOutput out, Whole whole) throws IOException {
    switch (whole.kind()) {
      case U8, I8 -> out.writeByte((int) whole.number());
      case U16, I16 -> out.writeShort(Short.reverseBytes((short) whole.number()));
      case U32, I32 -> writeInt(out, (int) whole.number());
      default -> writeLong(out, whole.number());
    }
  }

  private static void writeReal(DataOutput out, Real real) throws IOException {
    if (real.kind() == GgufKind.F32) {
      writeInt(out, Float.floatToRawIntBits((float) real.number()));
    } else {
      writeLong(out, Double.doubleToRawLongBits(real.number()));
    }
  }

  static void writeText(DataOutput out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    writeLong(out, bytes.length);
    out.write(bytes);
  }

  static void writeInt(DataOutput out, int value) throws IOException {
    out.writeInt(Integer.reverseBytes(value));
  }

  static void writeLong(DataOutput out, long value) throws IOException {
    out.writeLong(Long.reverseBytes(value));
  }
}
