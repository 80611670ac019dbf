package dev.lora4j.io;

import java.util.List;

/**
 * What a file says of one of its tensors, whatever kind of file it is.
 *
 * @param dtype the number format
 * @param shape sizes, outermost first; empty for a scalar
 */
public record TensorForm(DType dtype, List<Long> shape) {

  public TensorForm {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }

  /** Length of its numbers in bytes. */
  public long bytes() {
    return elements() * dtype.bytes();
  }
}
