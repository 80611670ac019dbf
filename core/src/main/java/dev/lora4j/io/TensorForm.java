package dev.lora4j.io;

import java.util.List;

/**
 * The dtype and shape of a tensor in a file of any format.
 *
 * @param dtype the element type
 * @param shape outermost dimension first; empty for a scalar
 */
public record TensorForm(DType dtype, List<Long> shape) {

  public TensorForm {
    shape = List.copyOf(shape);
  }

  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }

  public long bytes() {
    return elements() * dtype.bytes();
  }
}
