package dev.lora4j.io.gguf;

import dev.lora4j.UserError;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.nn.block.BlockTensors;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A tensor that is computed and converted to its type when it is written.
 *
 * @param type a type that is not quantised, or one that can be written
 * @param shape outermost dimension first
 * @param value computes it in any floating-point dtype, in the pointer scope that is open then
 */
public record GgufSource(GgmlType type, List<Long> shape, Supplier<Tensor> value) {

  public GgufSource {
    shape = List.copyOf(shape);
    type.requireWritten();
    if (type.isQuantized()
        && (shape.isEmpty() || shape.get(shape.size() - 1) % type.blockElements() != 0)) {
      throw new IllegalArgumentException(
          "expected rows of whole blocks of " + type.blockElements() + ", found " + shape);
    }
  }

  /** Returns the size in the file in bytes. */
  long bytes() {
    long elements = shape.stream().reduce(1L, (a, b) -> a * b);
    return elements / type.blockElements() * type.blockBytes();
  }

  /** Returns its content in the file. */
  Tensor content(String name) {
    Tensor tensor = value.get().detach();
    List<Long> found = Arrays.stream(tensor.shape()).boxed().toList();
    if (!found.equals(shape)) {
      throw new IllegalStateException("%s: promised %s, found %s".formatted(name, shape, found));
    }
    return type.blocks()
        .map(blocks -> BlockTensors.quantize(tensor, blocks))
        .orElseGet(() -> plain(name, tensor));
  }

  private Tensor plain(String name, Tensor tensor) {
    Tensor written = tensor.to(type.dtype().torch());
    if (type == GgmlType.F16 && !FiniteValues.areIn(written) && FiniteValues.areIn(tensor)) {
      throw new UserError(name + ": a number is too large for F16; write BF16 or F32 instead");
    }
    return written;
  }
}
