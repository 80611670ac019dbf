package dev.lora4j.io.gguf;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a GGUF file: magic, version, the counts of tensors and metadata, the metadata, and
 * an entry for each tensor. The tensors' bytes follow, aligned.
 *
 * @param dataStart the position of the data in the file
 */
record GgufHeader(
    Map<String, GgufValue> metadata, Map<String, GgufTensor> tensors, long dataStart) {
  static final int MAGIC = 0x46554747; // "GGUF"
  static final int VERSION = 3;
  static final int DEFAULT_ALIGNMENT = 32;
  private static final String ALIGNMENT = "general.alignment";
  private static final int OLDEST_VERSION = 2;
  private static final int MAX_DIMENSIONS = 4;
  private static final int LEAST_METADATA_BYTES = 8 + 4 + 1;
  private static final int LEAST_TENSOR_BYTES = 8 + 4 + 4 + 8;

  GgufHeader {
    metadata = Collections.unmodifiableMap(metadata);
    tensors = Collections.unmodifiableMap(tensors);
  }

  /** Returns the end of the last tensor in the file. */
  long end() {
    return tensors.values().stream()
        .mapToLong(tensor -> dataStart + tensor.offset() + tensor.bytes())
        .reduce(dataStart, Math::max);
  }

  /**
   * Reads and checks a header.
   *
   * @throws UserError if its version or a tensor type is not supported
   * @throws CorruptFile if the header violates the format
   */
  static GgufHeader read(Path file, FileChannel channel) throws IOException {
    GgufBytes bytes = new GgufBytes(file, channel);
    checkVersion(file, bytes);
    long tensorCount = bytes.count("tensors", LEAST_TENSOR_BYTES);
    long metadataCount = bytes.count("entries of metadata", LEAST_METADATA_BYTES);
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    for (long i = 0; i < metadataCount; i++) {
      String key = bytes.text();
      if (metadata.put(key, GgufValues.read(bytes)) != null) {
        throw bytes.corrupt("the metadata has two entries " + key);
      }
    }
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (long i = 0; i < tensorCount; i++) {
      String name = bytes.text();
      if (tensors.put(name, tensor(file, bytes, name)) != null) {
        throw bytes.corrupt("there are two tensors " + name);
      }
    }
    int alignment = alignment(file, metadata);
    long dataStart = aligned(bytes.position(), alignment);
    checkLayout(file, tensors, alignment, channel.size() - dataStart);
    return new GgufHeader(metadata, tensors, dataStart);
  }

  private static void checkVersion(Path file, GgufBytes bytes) throws IOException {
    if (bytes.remaining() < Integer.BYTES || bytes.signedInt() != MAGIC) {
      throw new CorruptFile(file, "expected GGUF in its first four bytes; is it a GGUF file?");
    }
    int version = bytes.signedInt();
    if (Integer.reverseBytes(version) == VERSION) {
      throw new UserError(file + ": big-endian files are not supported");
    }
    if (version < OLDEST_VERSION || version > VERSION) {
      throw new UserError(
          "%s: expected GGUF of version %d or %d, found %s"
              .formatted(file, OLDEST_VERSION, VERSION, Integer.toUnsignedString(version)));
    }
  }

  private static GgufTensor tensor(Path file, GgufBytes bytes, String name) throws IOException {
    long dimensions = bytes.unsignedInt();
    if (dimensions > MAX_DIMENSIONS) {
      throw bytes.corrupt(name + ": expected at most 4 dimensions, found " + dimensions);
    }
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      long size = bytes.signedLong();
      if (size < 0) {
        throw bytes.corrupt(name + ": a size of " + Long.toUnsignedString(size));
      }
      shape.add(0, size);
    }
    long number = bytes.unsignedInt();
    GgmlType type =
        GgmlType.numbered(number)
            .orElseThrow(
                () ->
                    new UserError(
                        "%s: tensor %s has ggml's type %s, which is not supported; supported: %s"
                            .formatted(
                                file,
                                name,
                                UnreadType.describe(number),
                                List.of(GgmlType.values()))));
    return new GgufTensor(type, shape, bytes.signedLong(), length(bytes, name, type, shape));
  }

  private static long length(GgufBytes bytes, String name, GgmlType type, List<Long> shape) {
    long row = shape.isEmpty() ? 1 : shape.get(shape.size() - 1);
    if (row % type.blockElements() != 0) {
      throw bytes.corrupt(
          "%s: expected rows of whole blocks of %d, found a row of %d"
              .formatted(name, type.blockElements(), row));
    }
    try {
      long length = Math.multiplyExact(row / type.blockElements(), (long) type.blockBytes());
      TensorMemory.span(DType.F64, shape); // of the widest dtype that it is read as
      for (int i = 0; i < shape.size() - 1; i++) {
        length = Math.multiplyExact(length, shape.get(i));
      }
      return length;
    } catch (ArithmeticException e) {
      throw bytes.corrupt(name + ": expected less than 2^63 bytes, found " + shape);
    }
  }

  private static int alignment(Path file, Map<String, GgufValue> metadata) {
    GgufValue value = metadata.get(ALIGNMENT);
    if (value == null) {
      return DEFAULT_ALIGNMENT;
    }
    if (value instanceof GgufValue.Whole whole
        && whole.kind() == GgufKind.U32
        && whole.number() <= Integer.MAX_VALUE
        && Long.bitCount(whole.number()) == 1) {
      return (int) whole.number();
    }
    throw new CorruptFile(file, ALIGNMENT + ": expected a power of two, found " + value);
  }

  static long aligned(long position, int alignment) {
    return Math.addExact(position, alignment - 1L) & -alignment;
  }

  private static void checkLayout(
      Path file, Map<String, GgufTensor> tensors, int alignment, long dataBytes) {
    List<Map.Entry<String, GgufTensor>> inOrder = new ArrayList<>(tensors.entrySet());
    inOrder.sort(Map.Entry.comparingByValue(GgufTensor.IN_THE_FILE));
    long free = 0;
    for (Map.Entry<String, GgufTensor> entry : inOrder) {
      GgufTensor tensor = entry.getValue();
      String problem = null;
      if (tensor.offset() < 0 || tensor.offset() % alignment != 0) {
        problem = "expected an offset that is a multiple of " + alignment;
      } else if (tensor.offset() < free) {
        problem = "expected an offset of " + free + " or more, as it overlaps another tensor";
      } else if (tensor.bytes() > dataBytes || tensor.offset() > dataBytes - tensor.bytes()) {
        problem =
            "expected its %d bytes within the %d that there are"
                .formatted(tensor.bytes(), dataBytes);
      }
      if (problem != null) {
        throw new CorruptFile(
            file, "tensor %s: %s, found %d".formatted(entry.getKey(), problem, tensor.offset()));
      }
      free = tensor.offset() + tensor.bytes();
    }
  }
}
