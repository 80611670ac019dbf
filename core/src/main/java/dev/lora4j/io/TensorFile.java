package dev.lora4j.io;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * A file of named tensors, open for reading. Opening has read and checked what the file says of
 * them; {@link #read} brings one tensor's numbers. Safe for use by many threads.
 */
public interface TensorFile extends AutoCloseable {

  /** Where the file is. */
  Path path();

  /** The tensors' names, in the file's order. */
  Set<String> names();

  /**
   * The format of the numbers that {@link #read} gives.
   *
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name
   */
  DType dtype(String name);

  /**
   * A tensor's sizes, outermost first; empty for a scalar.
   *
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name
   */
  List<Long> shape(String name);

  /**
   * A tensor's format and sizes together.
   *
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name
   */
  default TensorForm form(String name) {
    return new TensorForm(dtype(name), shape(name));
  }

  /**
   * A tensor's numbers, as a new contiguous CPU tensor that belongs to the caller's pointer scope.
   *
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name, or is damaged there
   */
  Tensor read(String name);

  /**
   * A tensor's numbers without a copy: the file's own pages, which are read when they are first
   * touched. What is written to the tensor stays out of the file. It belongs to the caller's
   * pointer scope and outlives {@link #close}; nobody may shorten the file while it lives.
   *
   * @return empty where the numbers do not lie in the file as they must lie in memory, as in most
   *     kinds of file; {@link #read} brings them then
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name, or has become shorter
   */
  default Optional<Tensor> map(String name) {
    return Optional.empty();
  }

  /** Closes the file; tensors that were read or mapped stay as they are. */
  @Override
  void close();
}
