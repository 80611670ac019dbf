package dev.lora4j.nn.kernel;

import org.bytedeco.javacpp.FloatPointer;

/**
 * The product of some rows of a float32 weight with a batch: with up to {@value #TILE} inputs in
 * one call if {@link RowInvariance} permits it, else with one input after the other, out of the
 * cache.
 */
record FloatPiece(FloatMatrix weight, RowInvariance invariance) implements WeightMatrix.Piece {
  /** Maximum number of inputs in one call. */
  static final int TILE = 8;

  FloatPiece(FloatMatrix weight) {
    this(weight, RowInvariance.of(weight));
  }

  @Override
  public void multiply(int input, int count, RowBatch x, RowBatch y, int element) {
    for (int from = input; from < input + count; from += TILE) {
      multiplyTile(from, Math.min(TILE, input + count - from), x, y, element);
    }
  }

  private void multiplyTile(int from, int count, RowBatch x, RowBatch y, int element) {
    if (invariance == RowInvariance.NONE) {
      for (int row = from; row < from + count; row++) {
        weight.multiply(x.at(row, 0), 1, y.at(row, element));
      }
      return;
    }
    int computed = Math.max(count, invariance.fewestRows());
    FloatPointer inputs = x.at(from, 0);
    weight.multiplyRows(computed, inputs, x.stride(), y.at(from, element), y.stride());
  }
}
