package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Reads the tensors of a <a href="https://github.com/huggingface/safetensors">safetensors</a> file,
 * of any size, one at a time and by name. Opening reads and checks the header only and needs no
 * native library. Thread-safe. A damaged file raises {@link CorruptFile}.
 */
public final class SafetensorsFile implements TensorFile {
  private final Path path;
  private final FileChannel channel;
  private final SafetensorsHeader header;
  private final MappedFile pages;

  private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header) {
    this.path = path;
    this.channel = channel;
    this.header = header;
    pages = new MappedFile(path, header.end());
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws UserError when there is no such file, or access is denied
   * @throws CorruptFile when the header violates the format
   */
  public static SafetensorsFile open(Path path) {
    return FileTensors.open(
        path, channel -> new SafetensorsFile(path, channel, SafetensorsHeader.read(path, channel)));
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Set<String> names() {
    return header.tensors().keySet();
  }

  @Override
  public DType dtype(String name) {
    return info(name).dtype();
  }

  @Override
  public List<Long> shape(String name) {
    return info(name).shape();
  }

  /** Returns the header entry of each tensor. */
  public Map<String, TensorInfo> infos() {
    return header.tensors();
  }

  /** Returns the free text of the header's {@code __metadata__}. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * Returns the header entry of a tensor.
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

  @Override
  public Tensor read(String name) {
    TensorInfo info = info(name);
    return FileTensors.read(
        path,
        channel,
        "key " + name,
        info.dtype(),
        header.dataStart() + info.begin(),
        info.sizes());
  }

  @Override
  public Optional<Tensor> map(String name) {
    TensorInfo info = info(name);
    return pages.tensor(info.dtype(), header.dataStart() + info.begin(), info.sizes());
  }

  @Override
  public void close() {
    FileTensors.close(channel);
    pages.close();
  }
}
