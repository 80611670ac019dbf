package dev.lora4j.io;

import java.nio.file.Path;
import java.util.List;
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
   * A tensor's numbers, as a new contiguous CPU tensor that belongs to the caller's pointer scope.
   *
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name, or is damaged there
   */
  Tensor read(String name);

  /** Closes the file; tensors that were read stay as they are. */
  @Override
  void close();
}
