package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.BlockDequantizer;
import dev.lora4j.nn.block.BlockDot;
import dev.lora4j.nn.kernel.RowScratch;
import dev.lora4j.nn.kernel.RowSource;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;

/** The rows of {@link BlockWeights} for decoding, read from memory in small bulk copies. */
final class BlockRows implements RowSource {
  private static final int COPIED_BYTES = 4096;

  private final BlockWeights weights;
  private final BlockDequantizer dequantizer;
  private final int rowBytes;
  private final int rowsInWindow;
  private final List<ByteBuffer> windows = new ArrayList<>(); // a buffer has at most 2 GB

  /** Returns the rows of a weight, with products of their blocks if the format has them. */
  static RowSource of(BlockWeights weights) {
    BlockRows rows = new BlockRows(weights);
    return BlockDot.of(weights.type()).<RowSource>map(dot -> new DotRows(rows, dot)).orElse(rows);
  }

  private BlockRows(BlockWeights weights) {
    this.weights = weights;
    dequantizer = weights.type().dequantizer();
    rowBytes = Math.toIntExact(weights.type().rowBytes(weights.columns()));
    rowsInWindow = Integer.MAX_VALUE / rowBytes;
    Tensor bytes = weights.bytes().value();
    for (long row = 0; row < rows(); row += rowsInWindow) {
      long end = Math.min(rows(), row + rowsInWindow) * rowBytes;
      try (BytePointer memory = new BytePointer(bytes.data_ptr())) {
        windows.add(memory.position(row * rowBytes).limit(end).asByteBuffer());
      }
    }
  }

  @Override
  public long rows() {
    return weights.bytes().shape()[0];
  }

  @Override
  public long columns() {
    return weights.columns();
  }

  @Override
  public boolean isSameAs(RowSource other) {
    return other instanceof BlockRows rows && rows.weights.bytes() == weights.bytes();
  }

  @Override
  public void forEachRow(long first, int count, RowScratch scratch, RowUse use) {
    float[] values = scratch.row();
    forEachRowInBlocks(
        first,
        count,
        scratch,
        (i, in, at) -> {
          dequantizer.dequantize(in, at, values, 0, blocks());
          use.accept(i, values);
        });
  }

  int blocks() {
    return (int) (weights.columns() / weights.type().elements());
  }

  /** The use of a row's blocks. */
  @FunctionalInterface
  interface BlocksUse {
    /**
     * @param index of the row, from 0 on
     * @param in has the blocks
     * @param at index of their first byte
     */
    void accept(int index, byte[] in, int at);
  }

  void forEachRowInBlocks(long first, int count, RowScratch scratch, BlocksUse use) {
    int atOnce = Math.max(1, COPIED_BYTES / rowBytes);
    byte[] bytes = scratch.bytes(atOnce * rowBytes);
    for (int done = 0; done < count; ) {
      int row = (int) ((first + done) % rowsInWindow);
      int copied = Math.min(Math.min(atOnce, count - done), rowsInWindow - row);
      ByteBuffer window = windows.get((int) ((first + done) / rowsInWindow));
      window.get(row * rowBytes, bytes, 0, copied * rowBytes);
      for (int i = 0; i < copied; i++) {
        use.accept(done + i, bytes, i * rowBytes);
      }
      done += copied;
    }
  }
}
