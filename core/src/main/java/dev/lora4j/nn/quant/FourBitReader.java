package dev.lora4j.nn.quant;

/** Dequantises ranges of a 4-bit weight that may begin and end within a block or a byte. */
final class FourBitReader implements AutoCloseable {
  private static final int CODES = 16;

  private final FourBitWeights weight;
  private final float[] high = new float[256]; // the first value of a byte
  private final float[] low = new float[256];
  private final HeapScratch scratch = HeapScratch.take();
  private final byte[] bytes = scratch.bytes(HeapCopies.CHUNK / 2 + 1);
  private final float[] out = scratch.values(HeapCopies.CHUNK);
  private final float[] absmax;

  FourBitReader(FourBitWeights weight) {
    this.weight = weight;
    float[] book = new float[CODES];
    HeapCopies.read(weight.codeBook().value(), 0, book, CODES);
    for (int pair = 0; pair < high.length; pair++) {
      high[pair] = book[pair >> 4];
      low[pair] = book[pair & 0xf];
    }
    absmax = new float[HeapCopies.CHUNK / weight.blockSize() + 2];
  }

  /**
   * Returns values in row order, in memory that the next call overwrites.
   *
   * @param count at most {@link HeapCopies#CHUNK}
   */
  float[] read(long from, int count) {
    int size = weight.blockSize();
    long firstByte = from / 2;
    int odd = (int) (from % 2);
    HeapCopies.read(weight.codes().value(), firstByte, bytes, (odd + count + 1) / 2);
    long firstBlock = from / size;
    weight.absmax().read(firstBlock, absmax, (int) ((from + count - 1) / size - firstBlock) + 1);
    for (int done = 0; done < count; ) {
      long at = from + done;
      int length = (int) Math.min(size - at % size, count - done);
      dequantize(odd + done, done, length, absmax[(int) (at / size - firstBlock)]);
      done += length;
    }
    return out;
  }

  /** Dequantises codes from an index of the bytes' halves on, all of one block. */
  private void dequantize(int code, int to, int length, float scale) {
    if (code % 2 == 1) {
      out[to] = low[bytes[code / 2] & 0xff] * scale;
      code++;
      to++;
      length--;
    }
    pairs(code / 2, to, length / 2, scale);
    if (length % 2 == 1) {
      out[to + length - 1] = high[bytes[(code + length) / 2] & 0xff] * scale;
    }
  }

  private void pairs(int from, int to, int count, float scale) {
    for (int i = 0; i < count; i++) {
      int pair = bytes[from + i] & 0xff;
      out[to + 2 * i] = high[pair] * scale;
      out[to + 2 * i + 1] = low[pair] * scale;
    }
  }

  @Override
  public void close() {
    scratch.close();
  }
}
