package dev.lora4j.nn.kernel;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows of equal size in one piece of memory, as the inputs or outputs of a {@link BatchProduct}.
 * Each begins at a cache line: some products of MKL with a row depend on its alignment.
 */
public final class RowBatch implements AutoCloseable {
  private static final int LINE = 16; // floats

  private final Tensor values; // [rows, stride]
  private final FloatPointer memory;
  private final int elements;
  private final int stride;
  private final List<FloatVector> rows = new ArrayList<>();
  private final List<RowInput> inputs = new ArrayList<>();

  /**
   * Allocates zeros outside of all pointer scopes; the caller frees them.
   *
   * @param rows number of rows, rounded up to whole tiles of a product
   * @param elements number of elements of a row
   */
  public RowBatch(int rows, int elements) {
    int tiles = (rows + FloatPiece.TILE - 1) / FloatPiece.TILE;
    this.elements = elements;
    stride = (elements + LINE - 1) / LINE * LINE;
    values = Ops.keep(Ops.empty((long) tiles * FloatPiece.TILE, stride).zero_());
    memory = FloatMatrix.memory(values);
    memory.retainReference();
    for (int i = 0; i < rows; i++) {
      FloatVector row = FloatVector.over(values.select(0, i).narrow(0, 0, elements));
      this.rows.add(row);
      inputs.add(new RowInput(row));
    }
  }

  /** Returns a view of a row. */
  public FloatVector row(int row) {
    return rows.get(row);
  }

  /** Returns a row as the input of products, with copies of earlier elements. */
  public RowInput input(int row) {
    return inputs.get(row);
  }

  /** Returns a row, whose elements have changed, as the input of products. */
  public RowInput changedInput(int row) {
    return inputs.get(row).of(rows.get(row));
  }

  /** Returns a view of the first rows, {@code [count, elements]}. */
  public Tensor first(int count) {
    return values.narrow(0, 0, count).narrow(1, 0, elements);
  }

  /** Number of elements from the beginning of a row to that of the next one. */
  int stride() {
    return stride;
  }

  /** Returns a pointer to an element of a row. */
  FloatPointer at(int row, long element) {
    return FloatMatrix.at(memory, (long) row * stride + element);
  }

  @Override
  public void close() {
    values.deallocate();
  }
}
