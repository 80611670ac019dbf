package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file: the length of the JSON in eight bytes (unsigned,
 * little-endian), then the JSON. The tensors' bytes, at {@code dataStart}, follow without gap or
 * overlap up to the end of the file.
 */
record SafetensorsHeader(
    Map<String, TensorInfo> tensors, Map<String, String> metadata, long dataStart) {

  /** The limit of the reference implementation: a wrong length must not allocate without bound. */
  static final long MAX_BYTES = 100_000_000;

  static final int LENGTH_BYTES = Long.BYTES;

  SafetensorsHeader {
    tensors = Collections.unmodifiableMap(tensors);
    metadata = Collections.unmodifiableMap(metadata);
  }

  /** Returns the length of the file. */
  long end() {
    return dataStart + tensors.values().stream().mapToLong(TensorInfo::end).max().orElse(0);
  }

  /** Reads and checks a header. */
  static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < LENGTH_BYTES) {
      throw new CorruptFile(file, "expected at least 8 bytes, found " + size);
    }
    long length = bytes(file, channel, 0, LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    if (length < 0 || length > MAX_BYTES) {
      throw new CorruptFile(
          file,
          "expected a header of at most %d bytes, found a length of %s; is it a safetensors file?"
              .formatted(MAX_BYTES, Long.toUnsignedString(length)));
    }
    if (length > size - LENGTH_BYTES) {
      throw new CorruptFile(
          file,
          "expected a header of %d bytes, found %d: the file is cut off"
              .formatted(length, size - LENGTH_BYTES));
    }
    String text = text(file, bytes(file, channel, LENGTH_BYTES, (int) length));
    HeaderJson json = HeaderJson.parse(file, text);
    long dataStart = LENGTH_BYTES + length;
    checkLayout(file, json.tensors(), size - dataStart);
    return new SafetensorsHeader(json.tensors(), json.metadata(), dataStart);
  }

  private static ByteBuffer bytes(Path file, FileChannel channel, long from, int count)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new CorruptFile(
            file, "expected " + count + " bytes at " + from + ", found " + buffer.position());
      }
    }
    return buffer.flip();
  }

  private static String text(Path file, ByteBuffer bytes) {
    try {
      // A decoder refuses malformed bytes, which String's constructor would replace.
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "the header is not UTF-8 text", e);
    }
  }

  private static void checkLayout(Path file, Map<String, TensorInfo> tensors, long dataBytes) {
    List<Map.Entry<String, TensorInfo>> inOrder = new ArrayList<>(tensors.entrySet());
    inOrder.sort(
        Comparator.comparingLong((Map.Entry<String, TensorInfo> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long expected = 0;
    for (Map.Entry<String, TensorInfo> entry : inOrder) {
      TensorInfo info = entry.getValue();
      if (info.begin() != expected) {
        String problem = info.begin() < expected ? "it overlaps another tensor" : "a gap";
        throw new CorruptFile(
            file,
            "key %s: expected its data at offset %d, found %d: %s"
                .formatted(entry.getKey(), expected, info.begin(), problem));
      }
      if (info.end() > dataBytes) {
        throw new CorruptFile(
            file,
            "key %s: expected data up to offset %d, found the file's end at %d: the file is cut off"
                .formatted(entry.getKey(), info.end(), dataBytes));
      }
      expected = info.end();
    }
    if (expected != dataBytes) {
      throw new CorruptFile(file, "expected " + expected + " bytes of data, found " + dataBytes);
    }
  }
}
