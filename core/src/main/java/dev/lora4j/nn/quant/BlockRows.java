package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.BlockDequantizer;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.Q4Products;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.RowInput;
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
  private final List<Q4Products> products = new ArrayList<>(); // of each window, if they are fast

  BlockRows(BlockWeights weights) {
    this.weights = weights;
    dequantizer = weights.type().dequantizer();
    rowBytes = Math.toIntExact(weights.type().rowBytes(weights.columns()));
    rowsInWindow = Integer.MAX_VALUE / rowBytes;
    boolean fast = weights.type() == BlockType.Q4_0 && Q4Products.areFast();
    Tensor bytes = weights.bytes().value();
    for (long row = 0; row < rows(); row += rowsInWindow) {
      long end = Math.min(rows(), row + rowsInWindow) * rowBytes;
      try (BytePointer memory = new BytePointer(bytes.data_ptr())) {
        ByteBuffer window = memory.position(row * rowBytes).limit(end).asByteBuffer();
        windows.add(window);
        if (fast) {
          products.add(new Q4Products(window, rowBytes));
        }
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
  public boolean multipliesCodes() {
    return !products.isEmpty();
  }

  @Override
  public void prepare(RowInput x) {
    if (multipliesCodes()) {
      x.rounded();
    } else {
      x.elements();
    }
  }

  @Override
  public void multiply(
      long first, int count, RowInput x, RowScratch scratch, FloatVector y, int place) {
    if (!multipliesCodes()) {
      RowSource.super.multiply(first, count, x, scratch, y, place);
      return;
    }
    for (int i = 0; i < count; i++) {
      Q4Products window = products.get((int) ((first + i) / rowsInWindow));
      y.put(place + i, window.of((int) ((first + i) % rowsInWindow), x.rounded()));
    }
  }

  @Override
  public void forEachRow(long first, int count, RowScratch scratch, RowUse use) {
    int atOnce = Math.max(1, COPIED_BYTES / rowBytes);
    byte[] bytes = scratch.bytes(atOnce * rowBytes);
    float[] values = scratch.row();
    int blocks = (int) (weights.columns() / weights.type().elements());
    for (int done = 0; done < count; ) {
      int row = (int) ((first + done) % rowsInWindow);
      int copied = Math.min(Math.min(atOnce, count - done), rowsInWindow - row);
      ByteBuffer window = windows.get((int) ((first + done) / rowsInWindow));
      window.get(row * rowBytes, bytes, 0, copied * rowBytes);
      for (int i = 0; i < copied; i++) {
        dequantizer.dequantize(bytes, i * rowBytes, values, 0, blocks);
        use.accept(done + i, values);
      }
      done += copied;
    }
  }
}
