package dev.lora4j.io;

import java.util.List;

/**
 * The entry of a tensor in a safetensors header.
 *
 * @param dtype the element type
 * @param shape outermost dimension first; empty for a scalar
 * @param begin first byte, counted from the start of the data
 * @param end the byte after the last
 */
public record TensorInfo(DType dtype, List<Long> shape, long begin, long end) {

  public TensorInfo {
    shape = List.copyOf(shape);
  }

  public long[] sizes() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }

  public long bytes() {
    return end - begin;
  }
}
