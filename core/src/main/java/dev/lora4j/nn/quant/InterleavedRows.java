package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.GroupMemory;
import dev.lora4j.nn.block.GroupProducts;
import dev.lora4j.nn.block.RoundedInput;
import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.RowBatch;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.kernel.RowScratch;
import dev.lora4j.nn.kernel.RowSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;

/** The rows of {@link InterleavedWeights} for decoding, multiplied in groups of 16. */
final class InterleavedRows implements RowSource {
  private final InterleavedWeights weights;
  private final int groupsInWindow;
  private final GroupProducts products;
  private final List<GroupMemory> windows = new ArrayList<>(); // a buffer has at most 2 GB

  InterleavedRows(InterleavedWeights weights) {
    this.weights = weights;
    products = new GroupProducts(weights.groups());
    int groupBytes = weights.groups().groupBytes();
    groupsInWindow = Integer.MAX_VALUE / groupBytes;
    Tensor bytes = weights.bytes().value();
    for (long group = 0; group < bytes.size(0); group += groupsInWindow) {
      long end = Math.min(bytes.size(0), group + groupsInWindow) * groupBytes;
      try (BytePointer memory = new BytePointer(bytes.data_ptr())) {
        windows.add(new GroupMemory(memory.position(group * groupBytes).limit(end).asByteBuffer()));
      }
    }
  }

  @Override
  public long rows() {
    return weights.rows();
  }

  @Override
  public long columns() {
    return weights.shape()[1];
  }

  @Override
  public boolean isSameAs(RowSource other) {
    return other instanceof InterleavedRows rows && rows.weights.bytes() == weights.bytes();
  }

  @Override
  public boolean multipliesCodes() {
    return true;
  }

  @Override
  public void prepare(RowInput x) {
    rounded(x);
  }

  @Override
  public void multiply(
      long first, int count, RowInput x, RowScratch scratch, FloatVector y, int place) {
    float[] sums = scratch.values(GroupProducts.ROWS);
    RoundedInput rounded = rounded(x);
    forEachRun(
        first,
        count,
        (memory, at, groups, from, used, done) -> {
          products.multiply(memory, at, groups, rounded, sums);
          y.put(place + done, sums, from, used);
        });
  }

  @Override
  public void multiply(
      long first,
      int count,
      RowBatch x,
      int input,
      int inputs,
      RowScratch scratch,
      RowBatch y,
      int place) {
    float[] sums = scratch.values(GroupProducts.ROWS);
    float[][] sumsOfEach = scratch.values(GroupProducts.INPUTS, GroupProducts.ROWS);
    RoundedInput[] rounded = new RoundedInput[inputs];
    Arrays.setAll(rounded, i -> rounded(x.input(input + i)));
    forEachRun(
        first,
        count,
        (memory, at, groups, from, used, done) -> {
          int i = 0;
          for (; i + GroupProducts.INPUTS <= inputs; i += GroupProducts.INPUTS) {
            products.multiply(memory, at, groups, rounded, i, sumsOfEach);
            for (int j = 0; j < GroupProducts.INPUTS; j++) {
              y.row(input + i + j).put(place + done, sumsOfEach[j], from, used);
            }
          }
          for (; i < inputs; i++) {
            products.multiply(memory, at, groups, rounded[i], sums);
            y.row(input + i).put(place + done, sums, from, used);
          }
        });
  }

  private RoundedInput rounded(RowInput x) {
    return x.rounded(weights.groups().inputOrder());
  }

  /** The use of rows of consecutive groups. */
  @FunctionalInterface
  private interface RunUse {
    /**
     * @param at offset of the first group
     * @param groups number of groups, at most as many as a product has
     * @param from the first row used
     * @param used number of rows
     * @param done number of rows before
     */
    void accept(GroupMemory memory, int at, int groups, int from, int used, int done);
  }

  private void forEachRun(long first, int count, RunUse use) {
    for (int done = 0; done < count; ) {
      long group = (first + done) / RowGroups.ROWS;
      int from = (int) ((first + done) % RowGroups.ROWS);
      int wanted = (from + count - done + RowGroups.ROWS - 1) / RowGroups.ROWS;
      int inWindow = groupsInWindow - (int) (group % groupsInWindow);
      int groups = Math.min(Math.min(wanted, inWindow), GroupProducts.GROUPS);
      int used = Math.min(groups * RowGroups.ROWS - from, count - done);
      use.accept(window(group), offset(group), groups, from, used, done);
      done += used;
    }
  }

  private GroupMemory window(long group) {
    return windows.get((int) (group / groupsInWindow));
  }

  private int offset(long group) {
    return (int) (group % groupsInWindow) * weights.groups().groupBytes();
  }

  @Override
  public void forEachRow(long first, int count, RowScratch scratch, RowUse use) {
    RowGroups groups = weights.groups();
    byte[] group = new byte[groups.groupBytes()];
    byte[] row = scratch.bytes(groups.rowBytes());
    for (int i = 0; i < count; i++) {
      long index = (first + i) / RowGroups.ROWS;
      window(index).read(offset(index), group);
      groups.unpack(group, (int) ((first + i) % RowGroups.ROWS), row, 0);
      groups.type().dequantizer().dequantize(row, 0, scratch.row(), 0, groups.blocks());
      use.accept(i, scratch.row());
    }
  }
}
