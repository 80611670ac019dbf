package dev.lora4j.io;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A tensor that is made only when its turn to be written has come, so that a file can hold more
 * than memory.
 *
 * @param dtype the number format that it will have
 * @param shape the sizes that it will have
 * @param value makes it, in the pointer scope that is open then
 */
public record TensorSource(DType dtype, List<Long> shape, Supplier<Tensor> value) {

  public TensorSource {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }

  /** Length of its data in bytes. */
  public long bytes() {
    return elements() * dtype.bytes();
  }
}
