package dev.lora4j.io.torch;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.io.torch.PickleValue.StridedTensor;
import java.util.List;

/** The checked position of a tensor in the file: its first byte, and its sizes in elements. */
record Window(DType dtype, List<Long> sizes, List<Long> strides, long start, long elements) {

  /** Returns the position of a tensor in a storage, or throws the reason why it does not fit. */
  static Window of(StridedTensor tensor, TorchArchive.Entry entry) {
    DType dtype = tensor.storage().dtype();
    long held = tensor.storage().elements();
    long elements;
    long numel = 1;
    try {
      long needed = Math.multiplyExact(held, (long) dtype.bytes());
      require(needed == entry.bytes(), "a storage of %d bytes, found %d", needed, entry.bytes());
      TensorMemory.span(dtype, tensor.sizes());
      long last = tensor.offset();
      for (int i = 0; i < tensor.sizes().size(); i++) {
        long size = tensor.sizes().get(i);
        numel = Math.multiplyExact(numel, size);
        last =
            Math.addExact(last, Math.multiplyExact(Math.max(0, size - 1), tensor.strides().get(i)));
      }
      elements = numel == 0 ? 0 : last - tensor.offset() + 1;
      require(numel == 0 || last < held, "a last element before %d, found %d", held, last);
      require(numel <= held, "at most %d elements, found %d: it repeats them", held, numel);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("expected less than 2^63 elements", e);
    }
    long start = numel == 0 ? entry.start() : entry.start() + tensor.offset() * dtype.bytes();
    return new Window(dtype, tensor.sizes(), tensor.strides(), start, elements);
  }

  private static void require(boolean holds, String expected, long first, long second) {
    if (!holds) {
      throw new IllegalArgumentException("expected " + expected.formatted(first, second));
    }
  }

  /** Returns whether the elements are in row-major order without gaps. */
  boolean isContiguous() {
    long stride = 1;
    for (int i = sizes.size() - 1; i >= 0; i--) {
      if (sizes.get(i) != 1 && strides.get(i) != stride) {
        return false;
      }
      stride *= sizes.get(i);
    }
    return true;
  }

  long[] sizesArray() {
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }

  long[] stridesArray() {
    return strides.stream().mapToLong(Long::longValue).toArray();
  }
}
