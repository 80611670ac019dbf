package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.block.BlockTensors;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.GroupProducts;
import dev.lora4j.nn.block.ProductWarmUp;
import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.block.VectorArithmetic;
import dev.lora4j.nn.kernel.CompactMatrix;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A frozen weight in Q4_0, Q4_1, Q6_K or Q8_0 blocks, rearranged in memory for decoding with the
 * Vector API; of the same size as in its file.
 *
 * @param groups the layout of 16 rows
 * @param rows number of rows; zeros fill the last group
 * @param bytes {@code [groups, bytes of a group]}, uint8, contiguous, on the CPU
 */
public record InterleavedWeights(RowGroups groups, long rows, Parameter bytes)
    implements CompactWeights {

  private static final long AT_ONCE = 8; // groups that a thread packs

  public InterleavedWeights {
    Checks.dimensions("weight", bytes.shape(), 2);
    if (bytes.shape()[1] != groups.groupBytes()) {
      throw new UserError(
          "16 rows of %d blocks in %s have %d bytes, found %d"
              .formatted(groups.blocks(), groups.type(), groups.groupBytes(), bytes.shape()[1]));
    }
    if (bytes.shape()[0] != groupsOf(rows)) {
      throw new UserError(
          "%d rows are %d groups of 16, found %d"
              .formatted(rows, groupsOf(rows), bytes.shape()[0]));
    }
  }

  private static long groupsOf(long rows) {
    return (rows + RowGroups.ROWS - 1) / RowGroups.ROWS;
  }

  /** Returns whether a matrix can be rearranged, and this JVM and CPU profit from it. */
  public static boolean suit(BlockType type, long rows, long columns) {
    return RowGroups.suit(type)
        && rows > 0
        && columns > 0
        && columns % type.elements() == 0
        && GroupProducts.areFast();
  }

  /** The blocks of a matrix in the file's layout, read some rows at a time by several threads. */
  @FunctionalInterface
  public interface FileRows {

    /**
     * Reads consecutive rows.
     *
     * @param first index of the first row
     * @param to is filled
     */
    void read(long first, ByteBuffer to);
  }

  /**
   * Rearranges the blocks of a matrix, 16 rows at a time.
   *
   * @throws UserError if a scale is not finite
   */
  public static InterleavedWeights of(BlockType type, long rows, long columns, FileRows source) {
    ProductWarmUp.start(type);
    RowGroups groups = RowGroups.of(type, columns);
    long count = groupsOf(rows);
    try (PointerScope scope = new PointerScope()) {
      Tensor bytes =
          torch.empty(new long[] {count, groups.groupBytes()}, torch.dtype(ScalarType.Byte), null);
      List<Long> starts =
          LongStream.iterate(0, first -> first < count, first -> first + AT_ONCE).boxed().toList();
      ParallelLoop.forEach(
          starts,
          first -> pack(groups, source, rows, first, Math.min(count, first + AT_ONCE), bytes));
      return new InterleavedWeights(groups, rows, Parameter.frozen(bytes));
    }
  }

  /**
   * Quantises a weight and rearranges its blocks.
   *
   * @param weight {@code [out, in]}, finite, of a shape that {@link #suit suits}; stays the
   *     caller's
   * @throws UserError if the format can't be written, or a value is not finite
   */
  public static InterleavedWeights quantize(Tensor weight, BlockType type) {
    try (PointerScope scope = new PointerScope()) {
      Tensor blocks = BlockTensors.quantize(weight, type);
      long rowBytes = type.rowBytes(weight.size(1));
      return of(
          type,
          weight.size(0),
          weight.size(1),
          (first, to) -> {
            byte[] rows = new byte[to.remaining()];
            HeapCopies.read(blocks, first * rowBytes, rows, rows.length);
            to.put(rows);
          });
    }
  }

  private static void pack(
      RowGroups groups, FileRows source, long rows, long from, long end, Tensor bytes) {
    int rowBytes = groups.rowBytes();
    byte[] in = new byte[RowGroups.ROWS * rowBytes];
    byte[] out = new byte[groups.groupBytes()];
    for (long group = from; group < end; group++) {
      long first = group * RowGroups.ROWS;
      int count = (int) Math.min(RowGroups.ROWS, rows - first);
      Arrays.fill(in, count * rowBytes, in.length, (byte) 0);
      source.read(first, ByteBuffer.wrap(in, 0, count * rowBytes));
      groups.pack(in, out);
      HeapCopies.write(out, bytes, group * out.length);
    }
  }

  @Override
  public InterleavedWeights over(UnaryOperator<Parameter> replacement) {
    return new InterleavedWeights(groups, rows, replacement.apply(bytes));
  }

  @Override
  public String describe() {
    return groups.type().name();
  }

  @Override
  public Map<String, Parameter> parameters() {
    return Map.of("weight", bytes);
  }

  @Override
  public long[] shape() {
    long columns = (long) groups.blocks() * groups.type().elements();
    return new long[] {rows, columns};
  }

  @Override
  public void dequantize(long first, Tensor tile) {
    Tensor memory = bytes.value().cpu();
    int columns = Math.toIntExact(shape()[1]);
    int rowBytes = groups.rowBytes();
    try (HeapScratch scratch = HeapScratch.take()) {
      byte[] group = scratch.bytes(groups.groupBytes());
      byte[] row = scratch.moreBytes(RowGroups.ROWS * rowBytes);
      float[] values = scratch.values(RowGroups.ROWS * columns);
      for (long done = 0; done < tile.size(0); ) {
        int from = (int) ((first + done) % RowGroups.ROWS);
        int count = (int) Math.min(RowGroups.ROWS - from, tile.size(0) - done);
        long index = (first + done) / RowGroups.ROWS;
        HeapCopies.read(memory, index * group(), group, group());
        for (int i = 0; i < count; i++) {
          groups.unpack(group, from + i, row, i * rowBytes);
        }
        groups.type().dequantizer().dequantize(row, 0, values, 0, count * groups.blocks());
        HeapCopies.write(values, count * columns, tile, done * columns);
        done += count;
      }
    }
  }

  @Override
  public Tensor tile(long first, long rows, Tensor memory) {
    if (VectorArithmetic.PRESENT.isEmpty() || rows % RowGroups.ROWS != 0) {
      return CompactWeights.super.tile(first, rows, memory);
    }
    VectorArithmetic vectors = VectorArithmetic.PRESENT.get();
    int width = groups.type().elements();
    int count = Math.toIntExact(rows);
    int atOnce = Math.max(1, HeapCopies.CHUNK / (count * width)); // blocks of each row
    int groupWords = groups.groupBytes() / Integer.BYTES;
    int groupsInTile = count / RowGroups.ROWS;
    try (HeapScratch scratch = HeapScratch.take()) {
      int[] words = scratch.words(groupsInTile * groupWords);
      float[] columns = scratch.values(atOnce * width * count);
      HeapCopies.read(
          bytes.value().cpu(),
          first / RowGroups.ROWS * groupWords,
          words,
          groupsInTile * groupWords);
      for (int block = 0; block < groups.blocks(); block += atOnce) {
        int end = Math.min(groups.blocks(), block + atOnce);
        for (int group = 0; group < groupsInTile; group++) {
          int place = group * RowGroups.ROWS;
          vectors.dequantize(groups, words, group * groupWords, block, end, columns, place, count);
        }
        int values = (end - block) * width * count;
        HeapCopies.write(columns, values, memory, (long) block * width * count);
      }
    }
    return memory.view(shape()[1], rows).t();
  }

  private int group() {
    return groups.groupBytes();
  }

  @Override
  public Optional<LinearWeights> decodeWeights(Optional<Tensor> bias) {
    return bytes.value().is_cpu()
        ? LinearWeights.of(new CompactMatrix(new InterleavedRows(this)), bias)
        : Optional.empty();
  }
}
