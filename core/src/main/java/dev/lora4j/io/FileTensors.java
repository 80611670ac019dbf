package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.bytedeco.pytorch.Tensor;

/** Shared parts of the tensor file readers: opening a file, and reading a tensor at an offset. */
public final class FileTensors {
  private static final int CHUNK = 1 << 30;

  private FileTensors() {}

  /** Reads the header of a file. */
  @FunctionalInterface
  public interface Header<T> {
    T read(FileChannel channel) throws IOException;
  }

  /**
   * Opens a file and reads its header; closes the file if that fails.
   *
   * @throws UserError when there is no such file, or access is denied
   * @throws CorruptFile when the header can't be read
   */
  public static <T> T open(Path path, Header<T> header) {
    FileChannel channel = channel(path);
    boolean opened = false;
    try {
      T file = header.read(channel);
      opened = true;
      return file;
    } catch (IOException e) {
      throw new CorruptFile(path, "the header: " + Unreadable.reason(path, e), e);
    } finally {
      if (!opened) {
        close(channel);
      }
    }
  }

  private static FileChannel channel(Path path) {
    if (Files.isDirectory(path)) {
      throw new UserError("cannot read " + path + ": expected a file, found a directory");
    }
    try {
      return FileChannel.open(path, StandardOpenOption.READ);
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  /**
   * Reads a tensor into new CPU memory that belongs to the caller's pointer scope.
   *
   * @param what the tensor, for messages
   * @param start the offset of its first byte
   * @throws CorruptFile when the file ends too early
   */
  public static Tensor read(
      Path path, FileChannel channel, String what, DType dtype, long start, long... shape) {
    return TensorMemory.filled(dtype, shape, to -> fill(path, channel, what, start, to));
  }

  private static void fill(
      Path path, FileChannel channel, String what, long start, TensorMemory memory) {
    for (long done = 0; done < memory.bytes(); ) {
      int length = (int) Math.min(CHUNK, memory.bytes() - done);
      ByteBuffer part = memory.view(done, length);
      int read;
      try {
        read = channel.read(part, start + done);
      } catch (IOException e) {
        throw new CorruptFile(path, what + ": " + Unreadable.reason(path, e), e);
      }
      if (read < 0) {
        throw new CorruptFile(
            path, what + ": expected " + memory.bytes() + " bytes, found " + done);
      }
      done += read;
    }
  }

  /** Closes a channel that was only read, ignoring failures. */
  public static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      return;
    }
  }
}
