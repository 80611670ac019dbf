package dev.lora4j.io.gguf;

import java.util.Comparator;
import java.util.List;

/**
 * What a GGUF file says of one tensor.
 *
 * @param type its format
 * @param shape sizes, outermost first (the file lists them the other way round)
 * @param offset its first byte, counted from the start of the data
 * @param bytes its length
 */
public record GgufTensor(GgmlType type, List<Long> shape, long offset, long bytes) {
  static final Comparator<GgufTensor> IN_THE_FILE =
      Comparator.comparingLong(GgufTensor::offset).thenComparingLong(GgufTensor::bytes);

  public GgufTensor {
    shape = List.copyOf(shape);
  }

  /** The shape as libtorch takes it; a new array at every call. */
  long[] sizes() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
