package dev.lora4j.row;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A matrix of floats where it lies in memory. Its products with a vector go to BLAS without a
 * tensor for each part of it, which takes as long to make as a small product to compute.
 *
 * @param memory the first number
 * @param rows how many
 * @param columns how many
 * @param stride from a row to the next; from a column to the next if it is transposed
 * @param transposed whether the numbers of a column lie side by side, not those of a row
 */
public record PlainMatrix(
    FloatPointer memory, long rows, long columns, long stride, boolean transposed) {
  private static final int ROW_MAJOR = openblas_nolapack.CblasRowMajor;
  private static final int AS_IT_LIES = openblas_nolapack.CblasNoTrans;
  private static final int TRANSPOSED = openblas_nolapack.CblasTrans;

  /** Whether a tensor of two dimensions is one. */
  public static boolean isOne(Tensor tensor) {
    return tensor.is_cpu()
        && tensor.scalar_type().intern() == ScalarType.Float
        && tensor.dim() == 2
        && (lies(tensor, 0, 1) || lies(tensor, 1, 0));
  }

  private static boolean lies(Tensor tensor, long outer, long inner) {
    return tensor.stride(inner) == 1 && tensor.stride(outer) >= Math.max(1, tensor.size(inner));
  }

  /** A tensor's own memory; the tensor has to live as long. */
  public static PlainMatrix of(Tensor tensor) {
    boolean transposed = !lies(tensor, 0, 1);
    return new PlainMatrix(
        memory(tensor),
        tensor.size(0),
        tensor.size(1),
        tensor.stride(transposed ? 1 : 0),
        transposed);
  }

  /** Rows that follow each other in a tensor's memory. */
  public static PlainMatrix rowsAt(FloatPointer memory, long offset, long rows, long columns) {
    return new PlainMatrix(at(memory, offset), rows, columns, columns, false);
  }

  /** Where a tensor's numbers begin. */
  public static FloatPointer memory(Tensor tensor) {
    return new FloatPointer(tensor.data_ptr());
  }

  /** So many numbers on. */
  public static FloatPointer at(FloatPointer memory, long offset) {
    return memory.getPointer(offset);
  }

  /** Some of the rows. */
  public PlainMatrix rows(long from, long count) {
    long offset = transposed ? from : from * stride;
    return new PlainMatrix(at(memory, offset), count, columns, stride, transposed);
  }

  /** The same numbers the other way round. */
  public PlainMatrix t() {
    return new PlainMatrix(memory, /* rows= */ columns, /* columns= */ rows, stride, !transposed);
  }

  /** {@code y = scale · M x}. */
  public void multiply(FloatPointer x, float scale, FloatPointer y) {
    multiply(x, scale, 0, y);
  }

  /** {@code y = y + scale · M x}. */
  public void addProduct(FloatPointer x, float scale, FloatPointer y) {
    multiply(x, scale, 1, y);
  }

  private void multiply(FloatPointer x, float scale, float ofBefore, FloatPointer y) {
    openblas_nolapack.cblas_sgemv(
        ROW_MAJOR,
        transposed ? TRANSPOSED : AS_IT_LIES,
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
