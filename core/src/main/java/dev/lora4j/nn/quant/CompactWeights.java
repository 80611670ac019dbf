package dev.lora4j.nn.quant;

import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A frozen matrix in fewer bytes than float32. A product dequantises some rows at a time, forward
 * and on the way back; the whole matrix is in float32 only as {@link #dense}.
 */
public interface CompactWeights extends WeightStore {

  /**
   * Dequantises consecutive rows.
   *
   * @param first index of the first row
   * @param tile {@code [rows, in]}, contiguous float32 on the CPU; receives the values
   */
  void dequantize(long first, Tensor tile);

  /**
   * Dequantises consecutive rows for a product, in the order in memory that is fastest.
   *
   * @param first index of the first row, a multiple of {@link #rowsAtOnce}
   * @param memory {@code [rows * in]}, contiguous float32 on the CPU; receives the values
   * @return {@code [rows, in]}: a view of the memory
   */
  default Tensor tile(long first, long rows, Tensor memory) {
    Tensor tile = memory.view(rows, shape()[1]);
    dequantize(first, tile);
    return tile;
  }

  @Override
  default Tensor linear(Tensor x, @Nullable Tensor bias) {
    return new TiledProduct(this).linear(x, bias);
  }

  @Override
  default Tensor lookup(Tensor indices, long paddingIndex) {
    return Ops.inScope(
        () -> {
          long[] ids = Ops.longs(indices);
          Tensor rows = Ops.empty(ids.length, shape()[1]);
          for (int i = 0; i < ids.length; i++) {
            dequantizeRow(ids[i], rows.narrow(0, i, 1));
          }
          long[] shape = Ops.shape(indices.unsqueeze(-1));
          shape[shape.length - 1] = shape()[1];
          return rows.view(shape).to(device(), ScalarType.Float);
        });
  }

  @Override
  default void multiply(Tensor x, Tensor y) {
    new TiledProduct(this).multiply(x, y);
  }

  @Override
  default void multiplyTransposed(Tensor g, Tensor x) {
    new TiledProduct(this).multiplyTransposed(g, x);
  }

  @Override
  default Tensor rows(long first, long count) {
    return Ops.inScope(
        () -> {
          Tensor rows = Ops.empty(count, shape()[1]);
          dequantize(first, rows);
          return rows.to(device(), ScalarType.Float);
        });
  }

  @Override
  default long rowsAtOnce() {
    return Tile.rowsOf(shape()[1]);
  }

  private void dequantizeRow(long index, Tensor row) {
    try (PointerScope scope = new PointerScope()) {
      if (index < 0 || index >= shape()[0]) {
        throw new IndexOutOfBoundsException("index " + index + " of " + shape()[0] + " rows");
      }
      dequantize(index, row);
    }
  }

  /** Returns the whole weight, {@code [out, in]} in float32: new memory, the caller's. */
  @Override
  default Tensor dense() {
    return rows(0, shape()[0]);
  }
}
