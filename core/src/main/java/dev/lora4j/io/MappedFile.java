package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** A memory-mapped file whose pages back tensors, which keep it alive; mapped on first use. */
public final class MappedFile implements AutoCloseable {
  private static final boolean SHARED_WITH_THE_FILE = false;

  private final Path path;
  private final long length;
  private @Nullable Tensor bytes; // on first use

  /**
   * Creates a mapping of the first bytes of a file.
   *
   * @param length the number of bytes
   */
  public MappedFile(Path path, long length) {
    this.path = path;
    this.length = length;
  }

  /**
   * Returns a tensor over the bytes from {@code start}, which must be within the length. It belongs
   * to the caller's pointer scope.
   *
   * @return empty if it has no elements, or {@code start} is not aligned to the dtype
   * @throws CorruptFile if the file has become shorter, or can't be mapped
   */
  public Optional<Tensor> tensor(DType dtype, long start, long... shape) {
    long count = dtype.bytes();
    for (long size : shape) {
      count *= size;
    }
    if (count == 0 || start % dtype.bytes() != 0) {
      return Optional.empty();
    }
    try (Tensor part = bytes().narrow(0, start, count);
        Tensor numbers = part.view(dtype.torch())) {
      return Optional.of(numbers.view(shape));
    }
  }

  private synchronized Tensor bytes() {
    if (bytes == null) {
      bytes = map();
    }
    return bytes;
  }

  private Tensor map() {
    Engine.start();
    try (PointerScope scope = new PointerScope()) {
      Tensor mapped =
          torch.from_file(
              path.toString(),
              new BoolOptional(SHARED_WITH_THE_FILE),
              new LongOptional(length),
              new TensorOptions(ScalarType.Byte));
      mapped.retainReference();
      return mapped;
    } catch (RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CorruptFile(path, "can't be mapped: " + reason, e);
    }
  }

  /** Releases the mapping; tensors over it stay valid. */
  @Override
  public synchronized void close() {
    if (bytes != null) {
      bytes.deallocate();
      bytes = null;
    }
  }
}
