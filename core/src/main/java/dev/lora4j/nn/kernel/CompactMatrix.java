package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.GroupProducts;

/**
 * A weight in fewer bytes than float32. A product reads it once from memory: each row, or a batch's
 * piece of rows, becomes float32 in the cache and is multiplied there, unless the format has
 * products of its own. An element of a batch's product has the same bits whatever the batch.
 */
public final class CompactMatrix implements WeightMatrix {
  private final RowSource source;

  public CompactMatrix(RowSource source) {
    this.source = source;
  }

  @Override
  public long rows() {
    return source.rows();
  }

  @Override
  public long columns() {
    return source.columns();
  }

  @Override
  public void prepare(RowInput x) {
    source.prepare(x);
  }

  @Override
  public void multiply(RowInput x, long first, long count, FloatVector y, int place) {
    source.multiply(first, Math.toIntExact(count), x, scratch(), y, place);
  }

  @Override
  public void copyRow(long row, FloatVector to) {
    source.forEachRow(row, 1, scratch(), (i, values) -> to.put(values));
  }

  private RowScratch scratch() {
    return RowScratch.ofThread(Math.toIntExact(columns()));
  }

  @Override
  public boolean isSameAs(WeightMatrix other) {
    return other instanceof CompactMatrix matrix && source.isSameAs(matrix.source);
  }

  @Override
  public long pieceRows() {
    return source.multipliesCodes() ? GroupProducts.ROWS : WeightMatrix.super.pieceRows();
  }

  @Override
  public Piece piece(long first, long count) {
    return source.multipliesCodes()
        ? (input, inputs, x, y, place) -> multiplyCodes(first, count, input, inputs, x, y, place)
        : (input, inputs, x, y, place) ->
            new FloatPiece(dequantized(first, count)).multiply(input, inputs, x, y, place);
  }

  private void multiplyCodes(
      long first, long count, int input, int inputs, RowBatch x, RowBatch y, int place) {
    source.multiply(first, Math.toIntExact(count), x, input, inputs, scratch(), y, place);
  }

  private FloatMatrix dequantized(long first, long count) {
    RowScratch scratch = scratch();
    FloatMatrix rows = scratch.matrix(count, columns());
    source.forEachRow(first, Math.toIntExact(count), scratch, rows::putRow);
    return rows;
  }
}
