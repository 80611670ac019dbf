package dev.lora4j.io.gguf;

import java.util.Comparator;
import java.util.List;

/**
 * The entry of a tensor in a GGUF header.
 *
 * @param type its type
 * @param shape outermost dimension first, the reverse of the file's order
 * @param offset its first byte, from the start of the data
 * @param bytes its size
 */
public record GgufTensor(GgmlType type, List<Long> shape, long offset, long bytes) {
  static final Comparator<GgufTensor> IN_THE_FILE =
      Comparator.comparingLong(GgufTensor::offset).thenComparingLong(GgufTensor::bytes);

  public GgufTensor {
    shape = List.copyOf(shape);
  }

  long[] sizes() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
