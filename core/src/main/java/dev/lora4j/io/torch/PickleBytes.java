package dev.lora4j.io.torch;

import dev.lora4j.CorruptFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The bytes of a pickle, read argument by argument and never past the end. */
final class PickleBytes {
  private static final int MAX_LONG_BYTES = 8;

  private final Path file;
  private final ByteBuffer bytes;

  PickleBytes(Path file, byte[] pickle) {
    this.file = file;
    bytes = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  int unsignedByte() {
    return Byte.toUnsignedInt(need(Byte.BYTES).get());
  }

  int unsignedShort() {
    return Short.toUnsignedInt(need(Short.BYTES).getShort());
  }

  int signedInt() {
    return need(Integer.BYTES).getInt();
  }

  long unsignedInt() {
    return Integer.toUnsignedLong(signedInt());
  }

  long signedLong() {
    return need(Long.BYTES).getLong();
  }

  /** Reads a double, the only big-endian value. */
  double bigEndianDouble() {
    return Double.longBitsToDouble(Long.reverseBytes(signedLong()));
  }

  /** Reads an integer of up to eight bytes in two's complement. */
  long shortLong() {
    int length = unsignedByte();
    if (length > MAX_LONG_BYTES) {
      throw corrupt("expected a number of at most 8 bytes, found " + length);
    }
    need(length);
    long value = 0;
    for (int i = 0; i < length; i++) {
      value |= (long) unsignedByte() << (8 * i);
    }
    int unused = Long.SIZE - 8 * length;
    return length == 0 ? 0 : value << unused >> unused;
  }

  String text(long length) {
    ByteBuffer part = need(length).slice().limit((int) length);
    bytes.position(bytes.position() + (int) length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(part).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, at() + "expected UTF-8 text", e);
    }
  }

  /** Reads text up to the end of the line and skips the line break. */
  String line() {
    int length = 0;
    while (need(length + 1L).get(bytes.position() + length) != '\n') {
      length++;
    }
    String line = text(length);
    bytes.get();
    return line;
  }

  CorruptFile corrupt(String problem) {
    return new CorruptFile(file, at() + problem);
  }

  private String at() {
    return "data.pkl at byte " + bytes.position() + ": ";
  }

  private ByteBuffer need(long count) {
    if (count < 0 || count > bytes.remaining()) {
      throw corrupt("expected " + count + " more bytes, found " + bytes.remaining());
    }
    return bytes;
  }
}
