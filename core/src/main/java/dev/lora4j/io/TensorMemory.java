package dev.lora4j.io;

import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * The memory of a CPU tensor, for bulk copies. It does not keep the tensor alive: use it only while
 * the tensor lives. Threads may write different parts at the same time.
 */
public final class TensorMemory {
  private static final int CHUNK = 1 << 30;

  private final Pointer start;
  private final long bytes;

  private TensorMemory(Pointer start, long bytes) {
    this.start = start;
    this.bytes = bytes;
  }

  /** Returns the memory of a contiguous CPU tensor. */
  public static TensorMemory of(Tensor tensor) {
    if (!tensor.is_cpu() || !tensor.is_contiguous()) {
      throw new IllegalArgumentException("expected a contiguous tensor on the CPU");
    }
    return new TensorMemory(tensor.data_ptr(), tensor.nbytes());
  }

  /** Allocates an uninitialised CPU tensor that belongs to the caller's pointer scope. */
  public static Tensor allocate(DType dtype, long... shape) {
    Engine.start();
    try (TensorOptions options = new TensorOptions(dtype.torch());
        MemoryFormatOptional unset = new MemoryFormatOptional()) {
      return torch.empty(shape, options, unset);
    }
  }

  /** Allocates a tensor and fills its memory; frees it if that fails. */
  public static Tensor filled(DType dtype, long[] shape, Consumer<TensorMemory> fill) {
    Tensor tensor = allocate(dtype, shape);
    try {
      fill.accept(of(tensor));
      return tensor;
    } catch (RuntimeException | Error e) {
      tensor.close();
      throw e;
    }
  }

  /**
   * Returns the bytes that libtorch computes for a shape: in its strides a size of zero counts as
   * one.
   *
   * @throws ArithmeticException if there are 2^63 or more, even if a size is zero
   */
  public static long span(DType dtype, List<Long> shape) {
    long bytes = dtype.bytes();
    for (long size : shape) {
      bytes = Math.multiplyExact(bytes, Math.max(1, size));
    }
    return bytes;
  }

  /** Returns a new int64 CPU tensor {@code [values.length]} in the caller's pointer scope. */
  public static Tensor copyOf(long... values) {
    Tensor tensor = allocate(DType.I64, values.length);
    if (values.length > 0) {
      of(tensor).view(0, values.length * Long.BYTES).asLongBuffer().put(values);
    }
    return tensor;
  }

  /** Returns a copy of the elements of an int64 CPU tensor. */
  public static long[] longs(Tensor tensor) {
    long[] values = new long[Math.toIntExact(tensor.numel())];
    if (values.length > 0) {
      of(tensor).view(0, values.length * Long.BYTES).asLongBuffer().get(values);
    }
    return values;
  }

  /** Returns the size in bytes. */
  public long bytes() {
    return bytes;
  }

  /** Copies {@code source} to the bytes from {@code offset}. */
  public void put(long offset, byte[] source) {
    if (source.length > 0) { // an empty tensor has no address
      window(offset, source.length).put(source, 0, source.length);
    }
  }

  /**
   * Returns a view of a part, in native byte order; writes go to the tensor.
   *
   * @param offset first byte
   * @param length number of bytes, at least one
   */
  public ByteBuffer view(long offset, int length) {
    return window(offset, length).asByteBuffer();
  }

  /** Writes all bytes to a channel. */
  public void writeTo(WritableByteChannel out) throws IOException {
    for (long done = 0; done < bytes; done += CHUNK) {
      AtomicFile.writeFully(out, view(done, (int) Math.min(CHUNK, bytes - done)));
    }
  }

  private BytePointer window(long offset, int length) {
    if (offset < 0 || length < 0 || offset > bytes - length) {
      throw new IndexOutOfBoundsException(
          "bytes " + offset + " to " + (offset + length) + " of " + bytes);
    }
    // A new pointer for each call, since a JavaCPP pointer has a position.
    return new BytePointer(start).position(offset).limit(offset + length);
  }
}
