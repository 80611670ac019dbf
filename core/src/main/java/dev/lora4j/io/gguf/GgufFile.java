package dev.lora4j.io.gguf;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.io.DType;
import dev.lora4j.io.FileTensors;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Reads a GGUF file of version 2 or 3, of any size. Opening reads and checks the header only and
 * needs no native library; {@link #read} reads one tensor, dequantised to F32 if it is quantised.
 */
public final class GgufFile implements TensorFile {
  private static final int BLOCKS_AT_ONCE = 1 << 12;

  private final Path path;
  private final FileChannel channel;
  private final GgufHeader header;

  private GgufFile(Path path, FileChannel channel, GgufHeader header) {
    this.path = path;
    this.channel = channel;
    this.header = header;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws dev.lora4j.UserError when there is no such file, or its version or a tensor type is not
   *     supported
   * @throws CorruptFile when the header violates the format
   */
  public static GgufFile open(Path path) {
    return FileTensors.open(
        path, channel -> new GgufFile(path, channel, GgufHeader.read(path, channel)));
  }

  /** Opens the file again, with the header that was read before. */
  public GgufFile reopen() {
    return FileTensors.open(path, again -> new GgufFile(path, again, header));
  }

  @Override
  public Path path() {
    return path;
  }

  /** Returns the metadata, such as {@code general.architecture}. */
  public Map<String, GgufValue> metadata() {
    return header.metadata();
  }

  /** Returns a string of the metadata, if the key exists and is a string. */
  public Optional<String> text(String key) {
    return header.metadata().get(key) instanceof GgufValue.Text text
        ? Optional.of(text.text())
        : Optional.empty();
  }

  /** Returns a number of the metadata, if the key exists and is a number. */
  public Optional<Double> number(String key) {
    GgufValue value = header.metadata().get(key);
    if (value instanceof GgufValue.Whole whole) {
      return Optional.of((double) whole.number());
    }
    return value instanceof GgufValue.Real real ? Optional.of(real.number()) : Optional.empty();
  }

  @Override
  public Set<String> names() {
    return header.tensors().keySet();
  }

  /**
   * Returns the header entry of a tensor.
   *
   * @throws CorruptFile when the file has no tensor of that name
   */
  public GgufTensor tensor(String name) {
    GgufTensor tensor = header.tensors().get(name);
    if (tensor == null) {
      throw new CorruptFile(
          path, "tensor " + name + ": not in the file" + NearMiss.hint(name, names()));
    }
    return tensor;
  }

  @Override
  public DType dtype(String name) {
    return tensor(name).type().dtype();
  }

  @Override
  public List<Long> shape(String name) {
    return tensor(name).shape();
  }

  @Override
  public Tensor read(String name) {
    GgufTensor tensor = tensor(name);
    long start = header.dataStart() + tensor.offset();
    if (!tensor.type().isQuantized()) {
      return FileTensors.read(
          path, channel, "tensor " + name, tensor.type().dtype(), start, tensor.sizes());
    }
    return TensorMemory.filled(DType.F32, tensor.sizes(), to -> dequantize(name, tensor, to));
  }

  private void dequantize(String name, GgufTensor tensor, TensorMemory numbers) {
    GgmlType type = tensor.type();
    Dequantizer dequantizer = Dequantizer.of(type);
    long blocks = tensor.bytes() / type.blockBytes();
    ByteBuffer in = ByteBuffer.allocate(BLOCKS_AT_ONCE * type.blockBytes());
    in.order(ByteOrder.LITTLE_ENDIAN);
    float[] out = new float[type.blockElements()];
    for (long done = 0; done < blocks; done += BLOCKS_AT_ONCE) {
      int count = (int) Math.min(BLOCKS_AT_ONCE, blocks - done);
      fill(name, in.clear().limit(count * type.blockBytes()), tensor, done * type.blockBytes());
      long place = done * type.blockElements() * Float.BYTES;
      ByteBuffer to = numbers.view(place, count * type.blockElements() * Float.BYTES);
      for (int block = 0; block < count; block++) {
        dequantizer.dequantize(in, block * type.blockBytes(), out);
        to.asFloatBuffer().put(out);
        to.position(to.position() + out.length * Float.BYTES);
      }
    }
  }

  private void fill(String name, ByteBuffer part, GgufTensor tensor, long from) {
    long start = header.dataStart() + tensor.offset() + from;
    try {
      while (part.hasRemaining()) {
        if (channel.read(part, start + part.position()) < 0) {
          throw new CorruptFile(path, "tensor " + name + ": the file has become shorter");
        }
      }
    } catch (IOException e) {
      throw new CorruptFile(path, "tensor " + name + ": " + Unreadable.reason(path, e), e);
    }
  }

  @Override
  public void close() {
    FileTensors.close(channel);
  }
}
