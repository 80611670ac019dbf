package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.bytedeco.pytorch.Tensor;

/**
 * Scratch memory for a tile of a weight in float32, taken from a pool for one product: as many as
 * products ran at the same time.
 */
final class Tile implements AutoCloseable {
  private static final ConcurrentLinkedDeque<Tile> FREE = new ConcurrentLinkedDeque<>();

  private final Tensor memory;

  private Tile(long values) {
    memory = Ops.keep(Ops.empty(values));
  }

  /** Returns the number of rows of a tile of a weight with so many columns, in whole groups. */
  static long rowsOf(long columns) {
    long rows = CostModel.DEQUANTIZED_TILE / Math.max(1, columns);
    return Math.max(CostModel.DEQUANTIZED_MIN_ROWS, rows - rows % RowGroups.ROWS);
  }

  /** Takes a tile for at least so many values from the pool. */
  static Tile take(long values) {
    Tile tile = FREE.poll();
    if (tile != null && tile.memory.numel() >= values) {
      return tile;
    }
    if (tile != null) {
      tile.memory.deallocate();
    }
    return new Tile(Math.max(values, CostModel.DEQUANTIZED_TILE));
  }

  /** Returns the first values of the memory, in the caller's pointer scope. */
  Tensor first(long values) {
    return memory.narrow(0, 0, values);
  }

  @Override
  public void close() {
    FREE.push(this);
  }
}
