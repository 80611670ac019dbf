package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * The product of a layer's weights with several rows, for batched decoding. It reads a piece of the
 * weights once for all rows, and is batch-invariant: a row's result has the same bits regardless of
 * the other rows and of their number.
 */
public final class BatchProduct {
  private final List<Work> pieces = new ArrayList<>();
  private final List<WeightMatrix> compact = new ArrayList<>();

  /** Some outputs of one layer. */
  private record Work(WeightMatrix.Piece piece, long firstOutput) {}

  /** The product with the weights of these layers, without biases and low-rank terms. */
  public BatchProduct(FusedLinear layers) {
    long first = 0;
    for (LinearWeights layer : layers.layers()) {
      WeightMatrix weight = layer.weight();
      if (weight instanceof CompactMatrix) {
        compact.add(weight);
      }
      long most = weight.pieceRows();
      for (long from = 0; from < weight.rows(); from += most) {
        long count = Math.min(most, weight.rows() - from);
        pieces.add(new Work(weight.piece(from, count), first + from));
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
    if (!compact.isEmpty()) {
      team.share(rows, 1, (from, to) -> prepare(x, from, to));
    }
    team.share(
        rows + pieces.size(),
        1,
        (from, to) -> {
          for (int row = from; row < Math.min(to, rows); row++) {
            besides.accept(row);
          }
          for (int piece = Math.max(from, rows); piece < to; piece++) {
            Work work = pieces.get(piece - rows);
            work.piece.multiply(0, rows, x, y, Math.toIntExact(work.firstOutput));
          }
        });
  }

  private void prepare(RowBatch x, int from, int to) {
    for (int row = from; row < to; row++) {
      RowInput input = x.changedInput(row);
      compact.forEach(weight -> weight.prepare(input));
    }
  }
}
