package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.BlockDequantizer;
import dev.lora4j.nn.block.BlockDot;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.kernel.RowScratch;
import dev.lora4j.nn.kernel.RowSource;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;

/** The rows of {@link BlockWeights} for decoding, read from memory in small bulk copies. */
final class BlockRows implements RowSource {
  private static final int COPIED_BYTES = 4096;

  private final BlockWeights weights;
  private final BlockDequantizer dequantizer;
  private final Optional<BlockDot> dot;
  private final int rowBytes;
  private final int rowsInWindow;
  private final List<ByteBuffer> windows = new ArrayList<>(); // a buffer has at most 2 GB

  BlockRows(BlockWeights weights) {
    this.weights = weights;
    dequantizer = weights.type().dequantizer();
    dot = BlockDot.of(weights.type());
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
  public boolean multipliesCodes() {
    return dot.isPresent();
  }

  @Override
  public void prepare(RowInput x) {
    if (dot.isPresent()) {
      x.transposed();
    } else {
      x.elements();
    }
  }

  @Override
  public void multiply(
      long first, int count, RowInput x, RowScratch scratch, FloatVector y, int place) {
    if (dot.isEmpty()) {
      RowSource.super.multiply(first, count, x, scratch, y, place);
      return;
    }
    float[] elements = x.transposed();
    float[] totals = scratch.values(BlockDot.SUMS);
    forEachRowInBlocks(
        first,
        count,
        scratch,
        (i, in, at) -> {
          dot.get().totals(in, at, blocks(), elements, totals);
          y.put(place + i, BlockDot.sum(totals));
        });
  }

  @Override
  public void multiply(
      long first,
      int count,
      RowInput x,
      RowInput other,
      RowScratch scratch,
      FloatVector y,
      FloatVector ofOther,
      int place) {
    if (dot.isEmpty()) {
      RowSource.super.multiply(first, count, x, other, scratch, y, ofOther, place);
      return;
    }
    float[] elements = x.transposed();
    float[] otherElements = other.transposed();
    float[] totals = scratch.values(BlockDot.SUMS);
    float[] totalsOfOther = scratch.moreValues(BlockDot.SUMS);
    forEachRowInBlocks(
        first,
        count,
        scratch,
        (i, in, at) -> {
          dot.get().totals(in, at, blocks(), elements, otherElements, totals, totalsOfOther);
          y.put(place + i, BlockDot.sum(totals));
          ofOther.put(place + i, BlockDot.sum(totalsOfOther));
        });
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

  private int blocks() {
    return (int) (weights.columns() / weights.type().elements());
  }

  /** The use of a row's blocks. */
  @FunctionalInterface
  private interface BlocksUse {
    void accept(int index, byte[] in, int at);
  }

  private void forEachRowInBlocks(long first, int count, RowScratch scratch, BlocksUse use) {
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
