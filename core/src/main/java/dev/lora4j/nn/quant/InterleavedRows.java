package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.GroupProducts;
import dev.lora4j.nn.block.RoundedInput;
import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.RowBatch;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.kernel.RowScratch;
import dev.lora4j.nn.kernel.RowSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;

/** The rows of {@link InterleavedWeights} for decoding, multiplied 16 at a time. */
final class InterleavedRows implements RowSource {
  private final InterleavedWeights weights;
  private final int groupsInWindow;
  private final GroupProducts products;
  private final List<Window> windows = new ArrayList<>(); // a buffer has at most 2 GB

  private record Window(ByteBuffer bytes, IntBuffer words) {}

  InterleavedRows(InterleavedWeights weights) {
    this.weights = weights;
    products = new GroupProducts(weights.groups());
    int groupBytes = weights.groups().groupBytes();
    groupsInWindow = Integer.MAX_VALUE / groupBytes;
    Tensor bytes = weights.bytes().value();
    for (long group = 0; group < bytes.size(0); group += groupsInWindow) {
      long end = Math.min(bytes.size(0), group + groupsInWindow) * groupBytes;
      try (BytePointer memory = new BytePointer(bytes.data_ptr())) {
        ByteBuffer window = memory.position(group * groupBytes).limit(end).asByteBuffer();
        windows.add(new Window(window, window.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer()));
      }
    }
  }

  @Override
  public long rows() {
    return weights.shape()[0];
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
    float[] sums = scratch.values(RowGroups.ROWS);
    RoundedInput rounded = rounded(x);
    forEachGroup(
        first,
        count,
        scratch,
        (words, from, used, done) -> {
          products.multiply(words, rounded, sums);
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
    float[] sums = scratch.values(RowGroups.ROWS);
    float[][] sumsOfEach = scratch.values(GroupProducts.TOGETHER, RowGroups.ROWS);
    RoundedInput[] rounded = new RoundedInput[inputs];
    Arrays.setAll(rounded, i -> rounded(x.input(input + i)));
    forEachGroup(
        first,
        count,
        scratch,
        (words, from, used, done) -> {
          int i = 0;
          for (; i + GroupProducts.TOGETHER <= inputs; i += GroupProducts.TOGETHER) {
            products.multiply(words, rounded, i, sumsOfEach);
            for (int j = 0; j < GroupProducts.TOGETHER; j++) {
              y.row(input + i + j).put(place + done, sumsOfEach[j], from, used);
            }
          }
          for (; i < inputs; i++) {
            products.multiply(words, rounded[i], sums);
            y.row(input + i).put(place + done, sums, from, used);
          }
        });
  }

  private RoundedInput rounded(RowInput x) {
    return x.rounded(weights.groups().inputOrder());
  }

  /** The use of some rows of a group. */
  @FunctionalInterface
  private interface GroupUse {
    /**
     * @param words the group's bytes as integers
     * @param from the first row used, in the group
     * @param used number of rows
     * @param done number of rows before
     */
    void accept(int[] words, int from, int used, int done);
  }

  private void forEachGroup(long first, int count, RowScratch scratch, GroupUse use) {
    int[] words = scratch.words(weights.groups().groupBytes() / Integer.BYTES);
    for (int done = 0; done < count; ) {
      int from = (int) ((first + done) % RowGroups.ROWS);
      int used = Math.min(RowGroups.ROWS - from, count - done);
      read((first + done) / RowGroups.ROWS, words);
      use.accept(words, from, used, done);
      done += used;
    }
  }

  /** Copies a group: the vectors read Java arrays in half the time that native memory takes. */
  private void read(long group, int[] words) {
    int count = weights.groups().groupBytes() / Integer.BYTES;
    IntBuffer window = windows.get((int) (group / groupsInWindow)).words();
    window.get((int) (group % groupsInWindow) * count, words, 0, count);
  }

  @Override
  public void forEachRow(long first, int count, RowScratch scratch, RowUse use) {
    RowGroups groups = weights.groups();
    byte[] group = new byte[groups.groupBytes()];
    byte[] row = scratch.bytes(groups.rowBytes());
    for (int i = 0; i < count; i++) {
      long index = (first + i) / RowGroups.ROWS;
      int at = (int) (index % groupsInWindow) * group.length;
      windows.get((int) (index / groupsInWindow)).bytes().get(at, group);
      groups.unpack(group, (int) ((first + i) % RowGroups.ROWS), row, 0);
      groups.type().dequantizer().dequantize(row, 0, scratch.row(), 0, groups.blocks());
      use.accept(i, scratch.row());
    }
  }
}
