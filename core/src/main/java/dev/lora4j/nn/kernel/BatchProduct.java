package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The product of a layer's weights with several rows, for batched decoding. It reads a piece of the
 * weights once for all rows, and is batch-invariant: a row's result has the same bits regardless of
 * the other rows and of their number.
 *
 * <p>A piece is multiplied with up to {@value #TILE} rows in one call if {@link RowInvariance}
 * permits it, else with one row after the other, out of the cache.
 */
public final class BatchProduct {
  /** Maximum number of rows in one call. */
  static final int TILE = 8;

  private final List<Piece> pieces = new ArrayList<>();

  /** Some outputs of one layer. */
  private record Piece(FloatMatrix weight, long firstOutput, RowInvariance invariance) {

    void multiply(int first, int rows, RowBatch x, RowBatch y) {
      for (int from = first; from < first + rows; from += TILE) {
        multiplyTile(from, Math.min(TILE, first + rows - from), x, y);
      }
    }

    private void multiplyTile(int from, int rows, RowBatch x, RowBatch y) {
      if (invariance == RowInvariance.NONE) {
        for (int row = from; row < from + rows; row++) {
          weight.multiply(x.at(row, 0), 1, y.at(row, firstOutput));
        }
        return;
      }
      int computed = Math.max(rows, invariance.fewestRows());
      FloatPointer inputs = x.at(from, 0);
      weight.multiplyRows(computed, inputs, x.elements(), y.at(from, firstOutput), y.elements());
    }
  }

  /** The product with the weights of these layers, without biases and low-rank terms. */
  public BatchProduct(FusedLinear layers) {
    long first = 0;
    for (LinearWeights layer : layers.layers()) {
      FloatMatrix weight = layer.weight();
      long most = CostModel.batchProductPiece(weight.columns());
      for (long from = 0; from < weight.rows(); from += most) {
        FloatMatrix piece = weight.rows(from, Math.min(most, weight.rows() - from));
        pieces.add(new Piece(piece, first + from, RowInvariance.of(piece)));
      }
      first += weight.rows();
    }
  }

  /**
   * Multiplies together with the other threads of a team, while one of them does other work with
   * the rows: reading the memory of many adapters takes less time beside the products than at once
   * on all threads.
   *
   * @param rows number of rows
   * @param x the inputs
   * @param y receives the outputs
   * @param besides work with each row that does not use the outputs
   */
  public void compute(TeamBarrier team, int rows, RowBatch x, RowBatch y, IntConsumer besides) {
    team.share(
        rows + pieces.size(),
        1,
        (from, to) -> {
          for (int row = from; row < Math.min(to, rows); row++) {
            besides.accept(row);
          }
          for (int piece = Math.max(from, rows); piece < to; piece++) {
            pieces.get(piece - rows).multiply(0, rows, x, y);
          }
        });
  }
}
