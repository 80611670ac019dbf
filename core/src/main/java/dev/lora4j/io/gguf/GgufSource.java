package dev.lora4j.io.gguf;

import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A tensor that is made, and brought into its format, only when its turn to be written has come.
 *
 * @param type plain, or {@link GgmlType#Q8_0}
 * @param shape sizes, outermost first
 * @param value makes it, in the pointer scope that is open then, as numbers of any floating format
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

  /** Length in the file, in bytes. */
  long bytes() {
    long elements = shape.stream().reduce(1L, (a, b) -> a * b);
    return elements / type.blockElements() * type.blockBytes();
  }

  /** What the file holds of it. */
  Tensor content(String name) {
    Tensor tensor = value.get().detach();
    List<Long> found = Arrays.stream(tensor.shape()).boxed().toList();
    if (!found.equals(shape)) {
      throw new IllegalStateException("%s: promised %s, found %s".formatted(name, shape, found));
    }
    return type == GgmlType.Q8_0 ? Q8Blocks.of(tensor) : plain(name, tensor);
  }

  private Tensor plain(String name, Tensor tensor) {
    Tensor written = tensor.to(type.dtype().torch());
    if (type == GgmlType.F16 && !allFinite(written) && allFinite(tensor)) {
      throw new UserError(name + ": a number is too large for F16; write BF16 or F32 instead");
    }
    return written;
  }

  private static boolean allFinite(Tensor tensor) {
    return tensor.isfinite().all().item_bool();
  }
}
