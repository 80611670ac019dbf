package dev.lora4j.nn.quant;

import java.util.concurrent.ConcurrentLinkedDeque;

/** Java arrays for dequantisation, taken from a pool: new ones each time would grow the heap. */
final class HeapScratch implements AutoCloseable {
  private static final ConcurrentLinkedDeque<HeapScratch> FREE = new ConcurrentLinkedDeque<>();

  private byte[] bytes = {};
  private byte[] moreBytes = {};
  private int[] words = {};
  private float[] values = {};

  private HeapScratch() {}

  static HeapScratch take() {
    HeapScratch free = FREE.poll();
    return free == null ? new HeapScratch() : free;
  }

  /** Returns an array of at least this length, with any content. */
  byte[] bytes(int length) {
    if (bytes.length < length) {
      bytes = new byte[length];
    }
    return bytes;
  }

  /** Returns another array of at least this length, with any content. */
  byte[] moreBytes(int length) {
    if (moreBytes.length < length) {
      moreBytes = new byte[length];
    }
    return moreBytes;
  }

  /** Returns an array of at least this length, with any content. */
  int[] words(int length) {
    if (words.length < length) {
      words = new int[length];
    }
    return words;
  }

  /** Returns an array of at least this length, with any content. */
  float[] values(int length) {
    if (values.length < length) {
      values = new float[length];
    }
    return values;
  }

  @Override
  public void close() {
    FREE.push(this);
  }
}
