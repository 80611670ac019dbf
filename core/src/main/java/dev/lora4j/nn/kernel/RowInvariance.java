package dev.lora4j.nn.kernel;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The number of rows from which on BLAS's general product gives a row the same bits, whatever the
 * number of rows and its place among them.
 *
 * <p>BLAS libraries promise nothing of the kind, so it is tried out once for each shape of a
 * weight. OpenBLAS with AVX-512 has the same bits from one row on, for products of up to a million
 * multiplications; MKL, which multiplies a single row by another kernel, from two on.
 */
enum RowInvariance {
  FROM_ONE_ROW(1),
  FROM_TWO_ROWS(2),
  /** Or only from so many rows on that padding a single row to them takes too long. */
  NONE(0);

  private record Shape(long rows, long columns, long stride, boolean transposed) {}

  private static final Map<Shape, RowInvariance> KNOWN = new ConcurrentHashMap<>();

  private final int fewestRows;

  RowInvariance(int fewestRows) {
    this.fewestRows = fewestRows;
  }

  /** The number of rows to which fewer rows are padded. */
  int fewestRows() {
    return fewestRows;
  }

  /** Returns the invariance of products with weights of this shape. */
  static RowInvariance of(FloatMatrix weight) {
    return KNOWN.computeIfAbsent(
        new Shape(weight.rows(), weight.columns(), weight.stride(), weight.transposed()),
        shape -> tryOut(weight));
  }

  private static RowInvariance tryOut(FloatMatrix weight) {
    try (Trial trial = new Trial(weight)) {
      if (!trial.agrees(2)) {
        return NONE;
      }
      return trial.agrees(1) ? FROM_ONE_ROW : FROM_TWO_ROWS;
    }
  }

  /** A weight with a tile of random rows. */
  private static final class Trial implements AutoCloseable {
    private final FloatMatrix weight;
    private final int in;
    private final int out;
    private final FloatPointer x;
    private final FloatPointer y;
    private final float[] whole; // the product of all rows

    Trial(FloatMatrix weight) {
      this.weight = weight;
      in = Math.toIntExact(weight.columns());
      out = Math.toIntExact(weight.rows());
      x = new FloatPointer((long) FloatPiece.TILE * in);
      y = new FloatPointer((long) FloatPiece.TILE * out);
      SplittableRandom random = new SplittableRandom(1);
      float[] values = new float[FloatPiece.TILE * in];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      x.put(values);
      whole = product(0, FloatPiece.TILE);
    }

    private float[] product(int first, int rows) {
      weight.multiplyRows(rows, FloatMatrix.at(x, (long) first * in), in, y, out);
      float[] result = new float[rows * out];
      y.get(result);
      return result;
    }

    /** Returns whether every run of at least this many rows has the bits of the whole. */
    boolean agrees(int fewest) {
      for (int rows = fewest; rows < FloatPiece.TILE; rows++) {
        for (int first = 0; first + rows <= FloatPiece.TILE; first++) {
          float[] part = Arrays.copyOfRange(whole, first * out, (first + rows) * out);
          if (!Arrays.equals(product(first, rows), part)) {
            return false;
          }
        }
      }
      return true;
    }

    @Override
    public void close() {
      x.deallocate();
      y.deallocate();
    }
  }
}
