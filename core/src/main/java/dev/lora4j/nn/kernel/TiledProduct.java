package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * The product of a layer's weights with many rows, for batched decoding. It is batch-invariant: a
 * row's result depends neither on the other rows nor on their number, because every tile and every
 * piece of the weights has the same shape in every call.
 */
public final class TiledProduct {
  private final List<Piece> pieces = new ArrayList<>();

  /** Some outputs of one layer. */
  private record Piece(FloatMatrix weight, long firstOutput) {

    void multiply(FloatPointer x, FloatPointer y) {
      openblas_nolapack.cblas_sgemm(
          openblas_nolapack.CblasRowMajor,
          weight.transposed() ? openblas_nolapack.CblasTrans : openblas_nolapack.CblasNoTrans,
          openblas_nolapack.CblasNoTrans,
          Math.toIntExact(weight.rows()),
          RowTiles.LANES,
          Math.toIntExact(weight.columns()),
          1,
          weight.memory(),
          Math.toIntExact(weight.stride()),
          x,
          RowTiles.LANES,
          0,
          y,
          RowTiles.LANES);
    }
  }

  /** The product with the weights of these layers, without biases and low-rank terms. */
  public TiledProduct(FusedLinear layers) {
    long first = 0;
    for (LinearWeights layer : layers.layers()) {
      long rows = layer.weight().rows();
      for (long from = 0; from < rows; from += CostModel.TILED_PRODUCT_PIECE) {
        long count = Math.min(CostModel.TILED_PRODUCT_PIECE, rows - from);
        pieces.add(new Piece(layer.weight().rows(from, count), first + from));
      }
      first += rows;
    }
  }

  /**
   * Multiplies together with the other threads of a team.
   *
   * @param rows number of rows
   * @param x the inputs
   * @param y receives the outputs
   */
  public void compute(TeamBarrier team, int rows, RowTiles x, RowTiles y) {
    int tiles = RowTiles.tiles(rows);
    team.share(
        pieces.size(),
        1,
        (from, to) -> {
          for (Piece piece : pieces.subList(from, to)) {
            for (int tile = 0; tile < tiles; tile++) {
              piece.multiply(x.at(tile, 0), y.at(tile, piece.firstOutput()));
            }
          }
        });
  }
}
