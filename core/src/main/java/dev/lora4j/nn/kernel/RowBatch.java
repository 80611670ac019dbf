package dev.lora4j.nn.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/** Rows of equal size in contiguous memory, as the inputs or outputs of a {@link BatchProduct}. */
public final class RowBatch implements AutoCloseable {
  private final Tensor values; // [rows, elements]
  private final FloatPointer memory;
  private final int elements;

  /**
   * Allocates zeros outside of all pointer scopes; the caller frees them.
   *
   * @param rows number of rows, rounded up to whole tiles of a product
   * @param elements number of elements of a row
   */
  public RowBatch(int rows, int elements) {
    int tiles = (rows + BatchProduct.TILE - 1) / BatchProduct.TILE;
    values = Ops.keep(Ops.empty((long) tiles * BatchProduct.TILE, elements).zero_());
    memory = FloatMatrix.memory(values);
    memory.retainReference();
    this.elements = elements;
  }

  /** Returns a view of a row. */
  public FloatVector row(int row) {
    return FloatVector.over(values.select(0, row));
  }

  /** Returns a view of the first rows, {@code [count, elements]}. */
  public Tensor first(int count) {
    return values.narrow(0, 0, count);
  }

  /** Number of elements of a row. */
  int elements() {
    return elements;
  }

  /** Returns a pointer to an element of a row. */
  FloatPointer at(int row, long element) {
    return FloatMatrix.at(memory, (long) row * elements + element);
  }

  @Override
  public void close() {
    values.deallocate();
  }
}
