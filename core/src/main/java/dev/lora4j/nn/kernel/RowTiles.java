package dev.lora4j.nn.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * Rows in tiles of {@value #LANES}, for products that read a weight once for several rows. Within a
 * tile the rows are interleaved: {@code [tile][element][lane]}.
 */
public final class RowTiles implements AutoCloseable {
  /** Rows of a tile. */
  public static final int LANES = 8;

  private final FloatPointer memory;
  private final int elements;

  /**
   * Allocates zeros outside of all pointer scopes; the caller frees them.
   *
   * @param rows number of rows, rounded up to whole tiles
   * @param elements number of elements of a row
   */
  public RowTiles(int rows, int elements) {
    this.elements = elements;
    long size = (long) tiles(rows) * LANES * elements;
    memory = new FloatPointer(size);
    memory.retainReference();
    FloatPointer.memset(memory, 0, size * Float.BYTES);
  }

  /** Number of tiles for this number of rows. */
  static int tiles(int rows) {
    return (rows + LANES - 1) / LANES;
  }

  /** Writes a row. */
  public void put(int row, FloatVector values) {
    openblas_nolapack.cblas_scopy(elements, values.from(0), 1, lane(row), LANES);
  }

  /** Reads a row. */
  public void get(int row, FloatVector values) {
    openblas_nolapack.cblas_scopy(elements, lane(row), LANES, values.from(0), 1);
  }

  private FloatPointer lane(int row) {
    return FloatMatrix.at(memory, (long) (row / LANES) * LANES * elements + row % LANES);
  }

  /** Returns a pointer to an element of the first lane of a tile. */
  FloatPointer at(int tile, long element) {
    return FloatMatrix.at(memory, ((long) tile * elements + element) * LANES);
  }

  @Override
  public void close() {
    memory.deallocate();
  }
}
