package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.BlockDequantizer;
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

  BlockRows(BlockWeights weights) {
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
    int atOnce = Math.max(1, COPIED_BYTES / rowBytes);
    int blocks = (int) (weights.columns() / weights.type().elements());
    byte[] bytes = scratch.bytes(atOnce * rowBytes);
    for (int done = 0; done < count; ) {
      int row = (int) ((first + done) % rowsInWindow);
      int copied = Math.min(Math.min(atOnce, count - done), rowsInWindow - row);
      ByteBuffer window = windows.get((int) ((first + done) / rowsInWindow));
      window.get(row * rowBytes, bytes, 0, copied * rowBytes);
      for (int i = 0; i < copied; i++) {
        dequantizer.dequantize(bytes, i * rowBytes, scratch.row(), 0, blocks);
        use.accept(done + i, scratch.row());
      }
      done += copied;
    }
  }
}
