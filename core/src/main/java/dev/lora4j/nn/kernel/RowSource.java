package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.DotProduct;

/** A weight in a compact format, whose rows can be dequantised one by one. Threads may share it. */
public interface RowSource {

  long rows();

  long columns();

  /**
   * Dequantises consecutive rows into the scratch memory's {@link RowScratch#row}, each of which is
   * used before the next one overwrites it.
   */
  void forEachRow(long first, int count, RowScratch scratch, RowUse use);

  /** Returns whether the other source has the same memory. */
  boolean isSameAs(RowSource other);

  /** Returns whether {@link #multiply} dequantises no rows. */
  default boolean multipliesCodes() {
    return false;
  }

  /** Makes the copy of an input that {@link #multiply} reads. */
  default void prepare(RowInput x) {
    x.elements();
  }

  /** Computes the products of consecutive rows, and writes them into y from an index on. */
  default void multiply(
      long first, int count, RowInput x, RowScratch scratch, FloatVector y, int place) {
    int columns = Math.toIntExact(columns());
    float[] elements = x.elements();
    forEachRow(
        first, count, scratch, (i, row) -> y.put(place + i, DotProduct.of(row, elements, columns)));
  }

  /** Computes the products with consecutive inputs, each with the bits of its product alone. */
  default void multiply(
      long first,
      int count,
      RowBatch x,
      int input,
      int inputs,
      RowScratch scratch,
      RowBatch y,
      int place) {
    for (int i = input; i < input + inputs; i++) {
      multiply(first, count, x.input(i), scratch, y.row(i), place);
    }
  }

  /** The use of a dequantised row. */
  @FunctionalInterface
  interface RowUse {
    /**
     * @param index of the row, from 0 on
     */
    void accept(int index, float[] row);
  }
}
