package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A file's pages as memory of tensors, each of which keeps the mapping alive. */
final class MappedFile implements AutoCloseable {
  private static final boolean SHARED_WITH_THE_FILE = false;

  private final Tensor bytes;

  private MappedFile(Tensor bytes) {
    this.bytes = bytes;
  }

  /**
   * Maps the first bytes of a file.
   *
   * @throws CorruptFile if it is shorter, or can't be mapped
   */
  static MappedFile open(Path path, long length) {
    try (PointerScope scope = new PointerScope()) {
      Tensor bytes =
          torch.from_file(
              path.toString(),
              new BoolOptional(SHARED_WITH_THE_FILE),
              new LongOptional(length),
              new TensorOptions(ScalarType.Byte));
      bytes.retainReference();
      return new MappedFile(bytes);
    } catch (RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CorruptFile(path, "can't be mapped: " + reason, e);
    }
  }

  /** A tensor over some of the bytes; it belongs to the caller's pointer scope. */
  Tensor slice(long start, long length, DType dtype, long... shape) {
    try (Tensor part = bytes.narrow(0, start, length);
        Tensor numbers = part.view(dtype.torch())) {
      return numbers.view(shape);
    }
  }

  @Override
  public void close() {
    bytes.deallocate();
  }
}
