package dev.lora4j.nn.kernel;

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

  /** The use of a dequantised row. */
  @FunctionalInterface
  interface RowUse {
    /**
     * @param index of the row, from 0 on
     */
    void accept(int index, float[] row);
  }
}
