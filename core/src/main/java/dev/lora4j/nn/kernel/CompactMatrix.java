package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.DotProduct;

/**
 * A weight in fewer bytes than float32. A product reads it once from memory: each row becomes
 * float32 in the first-level cache and is multiplied there with all inputs, unless the format has
 * products of its own. An element of the product has the same bits whatever the batch.
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
  public Piece piece(long first, long count) {
    int rows = Math.toIntExact(count);
    return source.multipliesCodes()
        ? (input, inputs, x, y, place) -> {
          for (int i = input; i < input + inputs; i++) {
            source.multiply(first, rows, x.input(i), scratch(), y.row(i), place);
          }
        }
        : (input, inputs, x, y, place) ->
            source.forEachRow(
                first, rows, scratch(), (i, row) -> multiply(row, input, inputs, x, y, place + i));
  }

  private void multiply(float[] row, int input, int inputs, RowBatch x, RowBatch y, int place) {
    int columns = Math.toIntExact(columns());
    for (int i = input; i < input + inputs; i++) {
      y.row(i).put(place, DotProduct.of(row, x.input(i).elements(), columns));
    }
  }
}
