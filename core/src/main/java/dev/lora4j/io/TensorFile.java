package dev.lora4j.io;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Named tensors in a file, or in the files of a checkpoint, open for reading. Opening reads and
 * checks the header. Thread-safe. A missing name raises {@link dev.lora4j.CorruptFile}.
 */
public interface TensorFile extends AutoCloseable {

  /** Returns the file or directory. */
  Path path();

  /** Returns the names of the tensors, in the file's order. */
  Set<String> names();

  /** Returns the dtype of the tensor that {@link #read(String)} returns. */
  DType dtype(String name);

  /** Returns the shape of a tensor, outermost dimension first; empty for a scalar. */
  List<Long> shape(String name);

  /** Returns the dtype and shape of a tensor. */
  default TensorForm form(String name) {
    return new TensorForm(dtype(name), shape(name));
  }

  /**
   * Reads a tensor into a new contiguous CPU tensor that belongs to the caller's pointer scope.
   *
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name, or is damaged there
   */
  Tensor read(String name);

  /**
   * Maps a tensor without a copy: it uses the file's own pages, which are read when they are first
   * touched. Writes to the tensor do not reach the file. It belongs to the caller's pointer scope
   * and outlives {@link #close}; the file must not be truncated while it lives.
   *
   * @return empty where the file's layout is not that of memory, as in most formats; {@link
   *     #read(String)} it then
   * @throws dev.lora4j.CorruptFile when the file has no tensor of that name, or has become shorter
   */
  default Optional<Tensor> map(String name) {
    return Optional.empty();
  }

  /** Maps a tensor where that is possible, and reads it otherwise. */
  default Tensor mapOrRead(String name) {
    return map(name).orElseGet(() -> read(name));
  }

  /** Returns a tensor of this dtype, in the caller's scope: mapped if possible, else converted. */
  default Tensor read(String name, DType dtype) {
    return dtype(name) == dtype ? mapOrRead(name) : read(name).to(dtype.torch());
  }

  /** Closes the file; tensors that were read or mapped stay valid. */
  @Override
  void close();
}
