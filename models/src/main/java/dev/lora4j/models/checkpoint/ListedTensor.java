package dev.lora4j.models.checkpoint;

import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorInfo;
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

  /** Those of safetensors files. */
  public static List<ListedTensor> of(Map<String, TensorInfo> infos) {
    return infos.entrySet().stream()
        .map(
            entry -> {
              TensorInfo info = entry.getValue();
              return new ListedTensor(
                  entry.getKey(), info.dtype().name(), info.shape(), info.bytes());
            })
        .toList();
  }

  /** Those of a file, in its order; of a GGUF file as they lie there. */
  public static List<ListedTensor> of(TensorFile file) {
    return file.names().stream().map(name -> of(file, name)).toList();
  }

  private static ListedTensor of(TensorFile file, String name) {
    List<Long> shape = file.shape(name);
    if (file instanceof GgufFile gguf) {
      return new ListedTensor(
          name, gguf.tensor(name).type().name(), shape, gguf.tensor(name).bytes());
    }
    return new ListedTensor(
        name, file.dtype(name).name(), shape, elements(shape) * file.dtype(name).bytes());
  }

  /** Number of its elements. */
  public long elements() {
    return elements(shape);
  }

  private static long elements(List<Long> shape) {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }
}
