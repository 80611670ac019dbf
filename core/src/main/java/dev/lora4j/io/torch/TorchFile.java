package dev.lora4j.io.torch;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.FileTensors;
import dev.lora4j.io.MappedFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.torch.PickleValue.Dict;
import dev.lora4j.io.torch.PickleValue.StridedTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * The tensors of a file written by {@code torch.save(state_dict, file)}, such as {@code
 * pytorch_model.bin}. The pickle is never executed: it may name tensors, parameters and ordered
 * dicts, and every other name is refused. {@link #map} maps tensors that are stored contiguously.
 */
public final class TorchFile implements TensorFile {
  private static final byte[] ZIP = {'P', 'K', 3, 4};
  private static final byte[] BEFORE_ZIP = {
    (byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46
  };

  private final Path path;
  private final FileChannel channel;
  private final Map<String, Window> windows = new LinkedHashMap<>();
  private final Set<String> mappable = new HashSet<>();
  private final MappedFile pages;

  private TorchFile(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    pages = new MappedFile(path, channel.size());
    refuseOtherFormats(path, channel);
    readHeader(TorchArchive.read(path, channel));
  }

  /**
   * Opens a file and checks the description of its tensors.
   *
   * @throws UserError when there is no such file, it has the format of PyTorch before 1.6, or its
   *     pickle needs anything but tensors
   * @throws CorruptFile when the file violates the format
   */
  public static TorchFile open(Path path) {
    return FileTensors.open(path, channel -> new TorchFile(path, channel));
  }

  private void readHeader(TorchArchive archive) throws IOException {
    PickleValue value = Pickle.read(path, archive.pickle());
    if (!(value instanceof Dict dict)) {
      throw new UserError(path + ": expected a dict of tensors, found " + value.kind());
    }
    Set<String> mapped = new HashSet<>();
    dict.entries()
        .forEach(
            (name, item) -> {
              StridedTensor tensor = tensor(name, item);
              Window window = window(archive, name, tensor);
              windows.put(name, window);
              // Only one tensor of each storage: writes to a tensor must not show in another.
              if (window.isContiguous() && mapped.add(tensor.storage().key())) {
                mappable.add(name);
              }
            });
  }

  private StridedTensor tensor(String name, PickleValue value) {
    if (value instanceof StridedTensor tensor) {
      return tensor;
    }
    throw new UserError(path + ": key " + name + ": expected a tensor, found " + value.kind());
  }

  private Window window(TorchArchive archive, String name, StridedTensor tensor) {
    TorchArchive.Entry entry = archive.storage(tensor.storage().key());
    if (entry == null) {
      throw new CorruptFile(path, "key " + name + ": no entry of " + tensor.storage().kind());
    }
    try {
      return Window.of(tensor, entry);
    } catch (IllegalArgumentException e) {
      throw new CorruptFile(path, "key " + name + ": " + e.getMessage(), e);
    }
  }

  private static void refuseOtherFormats(Path path, FileChannel channel) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(BEFORE_ZIP.length);
    channel.read(start, 0);
    if (Arrays.equals(start.array(), BEFORE_ZIP)) {
      throw new UserError(
          path
              + ": in the format of PyTorch before 1.6; load it in Python with weights_only=True"
              + " and save it again");
    }
    if (!Arrays.equals(Arrays.copyOf(start.array(), ZIP.length), ZIP)) {
      throw new CorruptFile(path, "expected a zip archive as torch.save writes it");
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(windows.keySet());
  }

  @Override
  public DType dtype(String name) {
    return window(name).dtype();
  }

  @Override
  public List<Long> shape(String name) {
    return window(name).sizes();
  }

  private Window window(String name) {
    Window window = windows.get(name);
    if (window == null) {
      throw new CorruptFile(
          path, "key " + name + ": not among the tensors" + NearMiss.hint(name, names()));
    }
    return window;
  }

  @Override
  public Tensor read(String name) {
    Window window = window(name);
    String what = "key " + name;
    if (window.isContiguous()) {
      return FileTensors.read(
          path, channel, what, window.dtype(), window.start(), window.sizesArray());
    }
    try (Tensor all =
            FileTensors.read(
                path, channel, what, window.dtype(), window.start(), window.elements());
        Tensor strided = all.as_strided(window.sizesArray(), window.stridesArray())) {
      return strided.contiguous();
    }
  }

  @Override
  public Optional<Tensor> map(String name) {
    Window window = window(name);
    return mappable.contains(name)
        ? pages.tensor(window.dtype(), window.start(), window.sizesArray())
        : Optional.empty();
  }

  @Override
  public void close() {
    FileTensors.close(channel);
    pages.close();
  }
}
