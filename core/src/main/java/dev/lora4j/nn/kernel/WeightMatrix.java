package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;

/**
 * A weight {@code [rows, columns]} by which decoding multiplies single rows of activations: in
 * float32, or in a compact format whose rows become float32 in the cache.
 */
public sealed interface WeightMatrix permits FloatMatrix, CompactMatrix {

  long rows();

  long columns();

  /**
   * Computes {@code count} elements of {@code W x} from the first on, and writes them into y from
   * an index on.
   */
  void multiply(RowInput x, long first, long count, FloatVector y, int place);

  /** Copies a row to a vector of this many columns. */
  void copyRow(long row, FloatVector to);

  /** Makes the copy of an input that {@link #multiply} reads; several threads may then read it. */
  void prepare(RowInput x);

  /** Returns whether the other weight is the same memory. */
  boolean isSameAs(WeightMatrix other);

  /** Returns the number of rows of a piece that suits a batch. */
  default long pieceRows() {
    return CostModel.batchProductPiece(columns());
  }

  /** Returns the product of some of the rows with a batch, as a piece of work of one thread. */
  Piece piece(long first, long count);

  /** A product of some rows of a weight with a batch of inputs, for one thread at a time. */
  @FunctionalInterface
  interface Piece {
    /**
     * Writes the products with {@code count} inputs from one on into the same rows of y, from an
     * element on.
     */
    void multiply(int input, int count, RowBatch x, RowBatch y, int element);
  }
}
