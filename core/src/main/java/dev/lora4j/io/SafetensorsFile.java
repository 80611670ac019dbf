package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Reads the tensors of a <a href="https://github.com/huggingface/safetensors">safetensors</a> file,
 * of any size, one at a time and by name. Opening reads and checks the header only, and needs no
 * native library; {@link #read} brings one tensor's bytes straight from the file into its memory.
 *
 * <pre>{@code
 * try (SafetensorsFile file = SafetensorsFile.open(path)) {
 *   for (String name : file.names()) {
 *     Tensor tensor = file.read(name);
 *   }
 * }
 * }</pre>
 *
 * Safe for use by many threads. A damaged file is a {@link CorruptFile} that names the file, the
 * key, what was expected and what was found.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int CHUNK = 1 << 30;

  private final Path path;
  private final FileChannel channel;
  private final SafetensorsHeader header;
  private @Nullable Tensor mapping;

  private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header) {
    this.path = path;
    this.channel = channel;
    this.header = header;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws UserError when there is no such file, or it may not be read
   * @throws CorruptFile when the header is not as the format wants it
   */
  public static SafetensorsFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new UserError("cannot read " + path + ": expected a file, found a directory");
    }
    FileChannel channel;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw new UserError("cannot read " + path + ": there is no such file", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + path + ": " + e, e);
    }
    boolean opened = false;
    try {
      SafetensorsFile file =
          new SafetensorsFile(path, channel, SafetensorsHeader.read(path, channel));
      opened = true;
      return file;
    } catch (IOException e) {
      throw new CorruptFile(path, "the header cannot be read: " + e.getMessage(), e);
    } finally {
      if (!opened) {
        closeQuietly(channel);
      }
    }
  }

  /** Where the file is. */
  public Path path() {
    return path;
  }

  /** Names of the tensors, in the header's order. */
  public Set<String> names() {
    return header.tensors().keySet();
  }

  /** Everything that the header says, name by name. */
  public Map<String, TensorInfo> infos() {
    return header.tensors();
  }

  /** The free text of the header's {@code __metadata__}. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * What the header says of one tensor.
   *
   * @throws CorruptFile when the file has no tensor of that name
   */
  public TensorInfo info(String name) {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new CorruptFile(
          path, "key " + name + ": not among the tensors" + NearMiss.hint(name, names()));
    }
    return info;
  }

  /**
   * A tensor's content, as a new CPU tensor that belongs to the caller's pointer scope.
   *
   * @throws CorruptFile when the file has no tensor of that name, or has become shorter
   */
  public Tensor read(String name) {
    TensorInfo info = info(name);
    Tensor tensor = TensorMemory.allocate(info.dtype(), info.sizes());
    boolean filled = false;
    try {
      fill(name, info, TensorMemory.of(tensor));
      filled = true;
      return tensor;
    } finally {
      if (!filled) {
        tensor.close();
      }
    }
  }

  /**
   * A tensor's content without a copy: the file's own pages, read when they are first touched and
   * shared with whoever else has them open. Writing to the tensor changes a private copy, never the
   * file. It belongs to the caller's pointer scope and stays valid after {@link #close}; the file
   * must not be overwritten in place while it lives (a file that is replaced, as {@link AtomicFile}
   * does, may be).
   *
   * @return empty where the data does not lie in the file as its format wants it in memory
   * @throws CorruptFile when the file has no tensor of that name
   */
  public Optional<Tensor> map(String name) {
    TensorInfo info = info(name);
    long start = header.dataStart() + info.begin();
    if (info.bytes() == 0 || start % info.dtype().bytes() != 0) {
      return Optional.empty();
    }
    try (Tensor bytes = mapping().narrow(0, start, info.bytes());
        Tensor numbers = bytes.view(info.dtype().torch())) {
      return Optional.of(numbers.view(info.sizes()));
    }
  }

  /** The whole file as bytes {@code [size]}; the pages live as long as any tensor in them. */
  private synchronized Tensor mapping() {
    if (mapping == null) {
      try (PointerScope scope = new PointerScope()) {
        BoolOptional privately = new BoolOptional(false);
        LongOptional size = new LongOptional(header.dataStart() + header.dataBytes());
        TensorOptions bytes = new TensorOptions(DType.U8.torch());
        mapping = torch.from_file(path.toString(), privately, size, bytes).retainReference();
      }
    }
    return mapping;
  }

  private void fill(String name, TensorInfo info, TensorMemory memory) {
    long start = header.dataStart() + info.begin();
    for (long done = 0; done < info.bytes(); ) {
      int length = (int) Math.min(CHUNK, info.bytes() - done);
      ByteBuffer part = memory.view(done, length);
      int read;
      try {
        read = channel.read(part, start + done);
      } catch (IOException e) {
        throw new CorruptFile(path, "key " + name + ": cannot be read: " + e, e);
      }
      if (read < 0) {
        throw new CorruptFile(
            path, "key " + name + ": expected " + info.bytes() + " bytes, found " + done);
      }
      done += read;
    }
  }

  /** Closes the file; tensors that were read stay as they are. */
  @Override
  public synchronized void close() {
    if (mapping != null) {
      mapping.deallocate();
      mapping = null;
    }
    closeQuietly(channel);
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing was written: closing a file that was only read loses nothing.
      return;
    }
  }
}
