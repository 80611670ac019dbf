package dev.lora4j.io;

import java.util.List;

/**
 * What a safetensors header says of one tensor.
 *
 * @param dtype the number format
 * @param shape sizes, outermost first; empty for a scalar
 * @param begin first byte, counted from the start of the data
 * @param end the byte after the last
 */
public record TensorInfo(DType dtype, List<Long> shape, long begin, long end) {

  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** The shape as libtorch takes it; a new array at every call. */
  public long[] sizes() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  /** Number of elements. */
  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }

  /** Length of the data in bytes. */
  public long bytes() {
    return end - begin;
  }
}
