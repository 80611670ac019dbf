package dev.lora4j.nn.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A float matrix in plain memory, whose rows, or columns if transposed, are contiguous and a stride
 * apart. Products with a vector go to BLAS directly; a tensor for each part would take as long.
 */
public record FloatMatrix(
    FloatPointer memory, long rows, long columns, long stride, boolean transposed)
    implements WeightMatrix {
  private static final int ROW_MAJOR = openblas_nolapack.CblasRowMajor;
  private static final int NOT_TRANSPOSED = openblas_nolapack.CblasNoTrans;
  private static final int TRANSPOSED = openblas_nolapack.CblasTrans;

  /** Returns whether a tensor is a float32 matrix in CPU memory with contiguous rows or columns. */
  public static boolean isOne(Tensor tensor) {
    return tensor.is_cpu()
        && tensor.scalar_type().intern() == ScalarType.Float
        && tensor.dim() == 2
        && (isContiguous(tensor, 0, 1) || isContiguous(tensor, 1, 0));
  }

  private static boolean isContiguous(Tensor tensor, long outer, long inner) {
    return tensor.stride(inner) == 1 && tensor.stride(outer) >= Math.max(1, tensor.size(inner));
  }

  /** Returns a view of a tensor, which must outlive it. */
  public static FloatMatrix of(Tensor tensor) {
    boolean transposed = !isContiguous(tensor, 0, 1);
    return new FloatMatrix(
        memory(tensor),
        tensor.size(0),
        tensor.size(1),
        tensor.stride(transposed ? 1 : 0),
        transposed);
  }

  /** Returns the contiguous rows at an offset of some memory. */
  static FloatMatrix rowsAt(FloatPointer memory, long offset, long rows, long columns) {
    return new FloatMatrix(at(memory, offset), rows, columns, columns, false);
  }

  /** Returns a pointer to a tensor's first element. */
  static FloatPointer memory(Tensor tensor) {
    return new FloatPointer(tensor.data_ptr());
  }

  /** Returns a pointer moved by a number of elements. */
  static FloatPointer at(FloatPointer memory, long offset) {
    return memory.getPointer(offset);
  }

  FloatMatrix rows(long from, long count) {
    long offset = transposed ? from : from * stride;
    return new FloatMatrix(at(memory, offset), count, columns, stride, transposed);
  }

  /** Returns the transpose, in the same memory. */
  FloatMatrix t() {
    return new FloatMatrix(memory, /* rows= */ columns, /* columns= */ rows, stride, !transposed);
  }

  @Override
  public void multiply(RowInput x, long first, long count, FloatVector y, int place) {
    rows(first, count).multiply(x.vector().from(0), 1, y.from(place));
  }

  @Override
  public void copyRow(long row, FloatVector to) {
    openblas_nolapack.cblas_scopy(to.size(), rows(row, 1).memory, 1, to.from(0), 1);
  }

  @Override
  public void prepare(RowInput x) {
    // BLAS reads the vector itself
  }

  @Override
  public boolean isSameAs(WeightMatrix other) {
    return other instanceof FloatMatrix matrix
        && memory.address() == matrix.memory.address()
        && rows == matrix.rows
        && columns == matrix.columns;
  }

  @Override
  public Piece piece(long first, long count) {
    return new FloatPiece(rows(first, count));
  }

  /** Copies the beginning of an array to a row. */
  void putRow(int row, float[] values) {
    rows(row, 1).memory.put(values, 0, Math.toIntExact(columns));
  }

  /** Computes {@code y = scale · M x}. */
  void multiply(FloatPointer x, float scale, FloatPointer y) {
    multiply(x, scale, 0, y);
  }

  /** Computes {@code y = y + scale · M x}. */
  void addProduct(FloatPointer x, float scale, FloatPointer y) {
    multiply(x, scale, 1, y);
  }

  /**
   * Computes {@code Y = X Mᵀ}.
   *
   * @param count number of rows of X and Y
   * @param x rows that start {@code xStride} elements apart
   * @param y rows that start {@code yStride} elements apart
   */
  void multiplyRows(int count, FloatPointer x, int xStride, FloatPointer y, int yStride) {
    FloatMatrix products = new FloatMatrix(y, count, rows, yStride, false);
    products.setProduct(new FloatMatrix(x, count, columns, xStride, false), t());
  }

  /** Overwrites this matrix, which is not transposed, with {@code left · right}. */
  void setProduct(FloatMatrix left, FloatMatrix right) {
    multiply(left, right, 1, 0);
  }

  /** Adds {@code scale · left · right} to this matrix, which is not transposed. */
  void addProduct(FloatMatrix left, FloatMatrix right, float scale) {
    multiply(left, right, scale, 1);
  }

  private void multiply(FloatMatrix left, FloatMatrix right, float scale, float ofBefore) {
    openblas_nolapack.cblas_sgemm(
        ROW_MAJOR,
        left.transposed ? TRANSPOSED : NOT_TRANSPOSED,
        right.transposed ? TRANSPOSED : NOT_TRANSPOSED,
        Math.toIntExact(rows),
        Math.toIntExact(columns),
        Math.toIntExact(left.columns),
        scale,
        left.memory,
        Math.toIntExact(left.stride),
        right.memory,
        Math.toIntExact(right.stride),
        ofBefore,
        memory,
        Math.toIntExact(stride));
  }

  private void multiply(FloatPointer x, float scale, float ofBefore, FloatPointer y) {
    openblas_nolapack.cblas_sgemv(
        ROW_MAJOR,
        transposed ? TRANSPOSED : NOT_TRANSPOSED,
        Math.toIntExact(transposed ? columns : rows),
        Math.toIntExact(transposed ? rows : columns),
        scale,
        memory,
        Math.toIntExact(stride),
        x,
        1,
        ofBefore,
        y,
        1);
  }
}
