package dev.lora4j.models.checkpoint;

import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorForm;
import dev.lora4j.io.gguf.GgufFile;
import java.util.List;
import java.util.Map;

/**
 * What a file of any kind says of one of its tensors.
 *
 * @param name as in the file
 * @param format of its numbers there, such as {@code F32} or {@code Q4_K}
 * @param shape sizes, outermost first
 * @param bytes its length in the file
 */
public record ListedTensor(String name, String format, List<Long> shape, long bytes) {

  public ListedTensor {
    shape = List.copyOf(shape);
  }

  /** Those of a saved model. */
  public static List<ListedTensor> of(Map<String, TensorForm> infos) {
    return infos.entrySet().stream().map(e -> of(e.getKey(), e.getValue())).toList();
  }

  /** Those of a file, in its order; of a GGUF file as they lie there. */
  public static List<ListedTensor> of(TensorFile file) {
    return file.names().stream().map(name -> of(file, name)).toList();
  }

  private static ListedTensor of(TensorFile file, String name) {
    if (file instanceof GgufFile gguf) {
      return new ListedTensor(
          name, gguf.tensor(name).type().name(), gguf.shape(name), gguf.tensor(name).bytes());
    }
    return of(name, file.form(name));
  }

  private static ListedTensor of(String name, TensorForm form) {
    return new ListedTensor(name, form.dtype().name(), form.shape(), form.bytes());
  }

  /** Number of its elements. */
  public long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }
}
