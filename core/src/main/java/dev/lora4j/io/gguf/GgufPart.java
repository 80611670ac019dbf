package dev.lora4j.io.gguf;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.FileTensors;
import dev.lora4j.io.MappedFile;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.nn.block.BlockType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** One file of a GGUF model, open for reading: the model itself, or a part of a split one. */
record GgufPart(Path path, FileChannel channel, GgufHeader header, MappedFile pages)
    implements AutoCloseable {
  private static final int BLOCKS_AT_ONCE = 1 << 8;

  private GgufPart(Path path, FileChannel channel, GgufHeader header) {
    this(path, channel, header, new MappedFile(path, header.end()));
  }

  static GgufPart open(Path path) {
    return FileTensors.open(
        path, channel -> new GgufPart(path, channel, GgufHeader.read(path, channel)));
  }

  /** Opens the file again, with the header that was read before. */
  GgufPart reopen() {
    return FileTensors.open(path, again -> new GgufPart(path, again, header));
  }

  /** Returns an integer of the metadata. */
  Optional<Long> whole(String key) {
    return header.metadata().get(key) instanceof GgufValue.Whole whole
        ? Optional.of(whole.number())
        : Optional.empty();
  }

  /**
   * Maps the bytes of a tensor, {@code [rows…, bytes of a row]} of uint8; empty without elements.
   */
  Optional<Tensor> mapBytes(GgufTensor tensor) {
    return tensor.sizes().length == 0
        ? Optional.empty()
        : pages.tensor(DType.U8, header.dataStart() + tensor.offset(), byteSizes(tensor));
  }

  /** Reads the bytes of a matrix from a row on. */
  void readRows(String name, GgufTensor tensor, long first, ByteBuffer to) {
    fill(name, to, tensor, first * byteSizes(tensor)[1]);
  }

  private static long[] byteSizes(GgufTensor tensor) {
    long[] sizes = tensor.sizes();
    int last = sizes.length - 1;
    sizes[last] = tensor.type().bytesOf(sizes[last]);
    return sizes;
  }

  Tensor read(String name, GgufTensor tensor) {
    long start = header.dataStart() + tensor.offset();
    if (!tensor.type().isQuantized()) {
      return FileTensors.read(
          path, channel, "tensor " + name, tensor.type().dtype(), start, tensor.sizes());
    }
    return TensorMemory.filled(DType.F32, tensor.sizes(), to -> dequantize(name, tensor, to));
  }

  private void dequantize(String name, GgufTensor tensor, TensorMemory numbers) {
    BlockType type = tensor.type().blocks().orElseThrow();
    long blocks = tensor.bytes() / type.bytes();
    byte[] in = new byte[BLOCKS_AT_ONCE * type.bytes()];
    float[] out = new float[BLOCKS_AT_ONCE * type.elements()];
    for (long done = 0; done < blocks; done += BLOCKS_AT_ONCE) {
      int count = (int) Math.min(BLOCKS_AT_ONCE, blocks - done);
      fill(name, ByteBuffer.wrap(in, 0, count * type.bytes()), tensor, done * type.bytes());
      type.dequantizer().dequantize(in, 0, out, 0, count);
      int values = count * type.elements();
      numbers
          .view(done * type.elements() * Float.BYTES, values * Float.BYTES)
          .asFloatBuffer()
          .put(out, 0, values);
    }
  }

  private void fill(String name, ByteBuffer part, GgufTensor tensor, long from) {
    long start = header.dataStart() + tensor.offset() + from - part.position();
    try {
      while (part.hasRemaining()) {
        if (channel.read(part, start + part.position()) < 0) {
          throw new CorruptFile(path, "tensor " + name + ": the file has become shorter");
        }
      }
    } catch (IOException e) {
      throw new CorruptFile(path, "tensor " + name + ": cannot be read: " + e, e);
    }
  }

  @Override
  public void close() {
    FileTensors.close(channel);
    pages.close();
  }
}
