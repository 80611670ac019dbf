package dev.lora4j.llm.checkpoint;

import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorForm;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.llm.weights.BitsAndBytesFile;
import java.util.List;

/**
 * A tensor in a listing.
 *
 * @param name its name in the file
 * @param format its storage format there, such as {@code F32}, {@code Q4_K} or {@code nf4}
 * @param shape its shape, outermost dimension first
 * @param bytes its size in the file, with the state of a quantised weight
 */
public record ListedTensor(String name, String format, List<Long> shape, long bytes) {

  public ListedTensor {
    shape = List.copyOf(shape);
  }

  /** Lists the tensors of a file or checkpoint, in its order. */
  public static List<ListedTensor> of(TensorFile file) {
    return file.names().stream().map(name -> of(file, name)).toList();
  }

  private static ListedTensor of(TensorFile file, String name) {
    if (file instanceof GgufFile gguf) {
      return new ListedTensor(
          name, gguf.tensor(name).type().name(), gguf.shape(name), gguf.tensor(name).bytes());
    }
    if (file instanceof BitsAndBytesFile quantized && quantized.layout(name).isPresent()) {
      String format = quantized.layout(name).get().type().word();
      return new ListedTensor(name, format, file.shape(name), quantized.storedBytes(name));
    }
    TensorForm form = file.form(name);
    return new ListedTensor(name, form.dtype().name(), form.shape(), form.bytes());
  }

  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }
}
