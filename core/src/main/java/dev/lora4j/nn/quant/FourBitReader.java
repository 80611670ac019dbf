package dev.lora4j.nn.quant;

/** Dequantises ranges of a 4-bit weight that may begin and end within a block or a byte. */
final class FourBitReader {
  private static final int CODES = 16;

  private final FourBitWeights weight;
  private final float[] book = new float[CODES];
  private final byte[] bytes = new byte[HeapCopies.CHUNK / 2 + 1];
  private final float[] out = new float[HeapCopies.CHUNK];
  private final float[] absmax;

  FourBitReader(FourBitWeights weight) {
    this.weight = weight;
    HeapCopies.read(weight.codeBook().value(), 0, book, CODES);
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
    for (int i = 0; i < length; i++) {
      int pair = bytes[code + i >> 1];
      int own = (code + i) % 2 == 0 ? pair >> 4 & 0xf : pair & 0xf;
      out[to + i] = book[own] * scale;
    }
  }
}
