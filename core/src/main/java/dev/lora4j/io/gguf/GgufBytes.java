package dev.lora4j.io.gguf;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The bytes of a header, read value by value and never past the end of the file or a sane limit.
 */
final class GgufBytes {
  /** The limit of a header; a vocabulary of 100,000s of tokens takes tens of megabytes. */
  static final long MAX_BYTES = 1 << 28;

  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final FileChannel channel;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private final long end;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  private long read; // of the file, up to the buffer's limit

  GgufBytes(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    end = Math.min(channel.size(), MAX_BYTES);
  }

  long position() {
    return read - buffer.remaining();
  }

  long remaining() {
    return end - position();
  }

  byte signedByte() throws IOException {
    return need(Byte.BYTES).get();
  }

  short signedShort() throws IOException {
    return need(Short.BYTES).getShort();
  }

  int signedInt() throws IOException {
    return need(Integer.BYTES).getInt();
  }

  long unsignedInt() throws IOException {
    return Integer.toUnsignedLong(signedInt());
  }

  long signedLong() throws IOException {
    return need(Long.BYTES).getLong();
  }

  /**
   * Reads the count of the items that follow.
   *
   * @param leastBytes the fewest bytes of an item
   */
  long count(String what, int leastBytes) throws IOException {
    long count = signedLong();
    if (count < 0 || count > remaining() / leastBytes) {
      throw corrupt(
          "expected at most %d %s in the %d bytes that are left, found %s"
              .formatted(
                  remaining() / leastBytes, what, remaining(), Long.toUnsignedString(count)));
    }
    return count;
  }

  String text() throws IOException {
    byte[] bytes = new byte[(int) count("bytes of text", 1)];
    for (int done = 0; done < bytes.length; ) {
      need(1);
      int part = Math.min(buffer.remaining(), bytes.length - done);
      buffer.get(bytes, done, part);
      done += part;
    }
    try {
      return decoder.decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "byte " + position() + ": expected UTF-8 text", e);
    }
  }

  CorruptFile corrupt(String problem) {
    return new CorruptFile(file, "byte " + position() + ": " + problem);
  }

  private ByteBuffer need(int bytes) throws IOException {
    if (bytes > remaining()) {
      throw corrupt(
          channel.size() > MAX_BYTES
              ? "expected a header of at most " + MAX_BYTES + " bytes"
              : "expected " + bytes + " more bytes, found " + remaining() + ": it is cut off");
    }
    while (buffer.remaining() < bytes) {
      fill();
    }
    return buffer;
  }

  private void fill() throws IOException {
    buffer.compact();
    int got = channel.read(buffer, read);
    if (got < 0) {
      throw new CorruptFile(file, "it became shorter while it was read");
    }
    read += got;
    buffer.flip();
  }
}
