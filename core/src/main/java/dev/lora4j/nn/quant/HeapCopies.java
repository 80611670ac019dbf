package dev.lora4j.nn.quant;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Bulk copies between tensors and Java arrays. Loops over arrays are vectorised; loops over native
 * memory are not.
 */
final class HeapCopies {
  /** Values that are dequantised at once: with their bytes they fit the L1 or L2 cache. */
  static final int CHUNK = 1 << 14;

  private HeapCopies() {}

  /** Copies bytes of a contiguous CPU tensor of any dtype. */
  static void read(Tensor from, long offset, byte[] to, int count) {
    try (BytePointer memory = new BytePointer(from.data_ptr())) {
      memory.position(offset).get(to, 0, count);
    }
  }

  /** Copies a contiguous CPU tensor of any dtype, as integers of four bytes. */
  static void read(Tensor from, long offset, int[] to, int count) {
    try (IntPointer memory = new IntPointer(from.data_ptr())) {
      memory.position(offset).get(to, 0, count);
    }
  }

  /** Copies values of a contiguous float32 CPU tensor. */
  static void read(Tensor from, long offset, float[] to, int count) {
    try (FloatPointer memory = new FloatPointer(from.data_ptr())) {
      memory.position(offset).get(to, 0, count);
    }
  }

  /** Copies bytes into a contiguous CPU tensor of any dtype. */
  static void write(byte[] from, Tensor to, long offset) {
    try (BytePointer memory = new BytePointer(to.data_ptr())) {
      memory.position(offset).put(from, 0, from.length);
    }
  }

  /** Returns a uint8 tensor of these bytes, {@code [n]}. */
  static Tensor bytes(byte[] from) {
    Tensor to = torch.empty(new long[] {from.length}, torch.dtype(ScalarType.Byte), null);
    write(from, to, 0);
    return to;
  }

  /** Copies values into a contiguous float32 CPU tensor. */
  static void write(float[] from, int count, Tensor to, long offset) {
    try (FloatPointer memory = new FloatPointer(to.data_ptr())) {
      memory.position(offset).put(from, 0, count);
    }
  }
}
