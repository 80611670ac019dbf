package dev.lora4j.io;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/** A tensor that is computed when it is written, so that a file may exceed memory. */
public record TensorSource(DType dtype, List<Long> shape, Supplier<Tensor> value) {

  public TensorSource {
    shape = List.copyOf(shape);
  }

  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }

  public long bytes() {
    return elements() * dtype.bytes();
  }
}
