package dev.lora4j.nn.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Products of rows of Q4_0 blocks in native memory, for CPUs with vectors of 512 bits. As in
 * llama.cpp, the input is rounded to integers, here of 11 bits and not 8, and products are of
 * integers. A load takes three blocks at once with their scales.
 *
 * <p>Java has no prefetch instruction; while a row is multiplied, a byte of each 54 of a later one
 * is loaded, which nothing waits for: 10 cycles for 32 weights from memory instead of 14, of which
 * reading alone takes 4 to 6.
 *
 * <p>Also tried, in cycles of one core of a Xeon with AVX-512, JDK 17, for weights in the cache and
 * in memory; these products take 6 and 10: dequantising a row in the cache and multiplying it
 * there, 13; the same in registers, 8 and 20, or 12 from copies on the heap; these products of
 * weights rearranged to 64 bytes of codes, 3, but with twice the memory. llama.cpp takes 5 to 7,
 * with twice the memory.
 */
public final class Q4Products {
  private static final int LOADED = 64; // bytes at once
  private static final int WINDOW = 54; // bytes of three blocks
  private static final int AHEAD = 4096;

  private final VectorArithmetic vectors;
  private final ByteBuffer bytes;
  private final Object memory;
  private final ByteBuffer lastBytes; // of the last row, with room to load
  private final Object last;
  private final int rowBytes;
  private final int rows;

  /**
   * @param bytes a direct buffer of whole rows
   * @param rowBytes number of bytes of a row
   */
  public Q4Products(ByteBuffer bytes, int rowBytes) {
    vectors = VectorArithmetic.PRESENT.orElseThrow();
    this.bytes = bytes;
    this.rowBytes = rowBytes;
    rows = bytes.capacity() / rowBytes;
    memory = vectors.open(bytes);
    int windows = (rowBytes + WINDOW - 1) / WINDOW;
    lastBytes = ByteBuffer.allocateDirect(windows * WINDOW + LOADED);
    lastBytes.order(ByteOrder.LITTLE_ENDIAN).put(0, bytes, (rows - 1) * rowBytes, rowBytes);
    last = vectors.open(lastBytes);
  }

  /** Returns whether this JVM and CPU have what the products need. */
  public static boolean areFast() {
    return VectorArithmetic.PRESENT.map(VectorArithmetic::multipliesQ4).orElse(false);
  }

  /** Returns the product of a row with an input of as many columns. */
  public float of(int row, Q4Input x) {
    int at = Math.multiplyExact(row, rowBytes);
    int windows = x.windows();
    int end = (windows - 1) * WINDOW + LOADED;
    if (at + end > rows * rowBytes) {
      return vectors.q4Product(last, lastBytes, 0, 0, x);
    }
    int ahead = at + end + AHEAD <= rows * rowBytes ? AHEAD : 0;
    return vectors.q4Product(memory, bytes, at, ahead, x);
  }
}
