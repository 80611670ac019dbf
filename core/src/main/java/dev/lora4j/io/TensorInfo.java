package dev.lora4j.io;

import java.util.List;

/** The entry of a tensor in a safetensors header; its bytes count from the start of the data. */
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
