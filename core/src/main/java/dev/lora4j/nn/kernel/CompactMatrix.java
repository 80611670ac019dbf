package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.DotProduct;

/**
 * A weight in fewer bytes than float32. A product reads it once from memory: each row becomes
 * float32 in the first-level cache and is multiplied there, with all inputs of a batch. An element
 * of the product has the same bits whatever the batch and on every CPU, since {@link DotProduct}
 * adds in a fixed order.
 *
 * <p>Tried on two cores of a Xeon with AVX-512: TRIED.
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
  public void multiply(RowInput x, long first, long count, FloatVector y, int place) {
    int columns = Math.toIntExact(columns());
    float[] elements = x.elements();
    RowScratch scratch = RowScratch.ofThread();
    scratch.row(columns);
    source.forEachRow(
        first,
        Math.toIntExact(count),
        scratch,
        (i, row) -> y.put(place + i, DotProduct.of(row, elements, columns)));
  }

  @Override
  public void copyRow(long row, FloatVector to) {
    RowScratch scratch = RowScratch.ofThread();
    scratch.row(Math.toIntExact(columns()));
    source.forEachRow(row, 1, scratch, (i, values) -> to.put(values));
  }

  @Override
  public boolean readsArrays() {
    return true;
  }

  @Override
  public boolean isSameAs(WeightMatrix other) {
    return other instanceof CompactMatrix matrix && source.isSameAs(matrix.source);
  }

  @Override
  public Piece piece(long first, long count) {
    return (input, inputs, x, y, element) -> {
      int columns = Math.toIntExact(columns());
      int place = Math.toIntExact(element);
      RowScratch scratch = RowScratch.ofThread();
      scratch.row(columns);
      source.forEachRow(
          first,
          Math.toIntExact(count),
          scratch,
          (i, row) -> {
            for (int k = input; k < input + inputs; k++) {
              float product = DotProduct.of(row, x.input(k).elements(), columns);
              y.row(k).put(place + i, product);
            }
          });
    };
  }
}
