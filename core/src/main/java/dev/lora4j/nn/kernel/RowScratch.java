package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.DotProduct;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/** A thread's memory for the bytes and the values of a row of a compact weight. */
public final class RowScratch {
  private static final ThreadLocal<RowScratch> OF_THREAD = ThreadLocal.withInitial(RowScratch::new);

  private float[] row = new float[0];
  private byte[] bytes = new byte[0];
  private int[] words = new int[0];
  private float[] values = new float[0];
  private float[][] rowsOfValues = new float[0][0];
  private FloatPointer matrix = new FloatPointer();

  private RowScratch() {}

  /** Returns the calling thread's memory, made ready for rows of so many columns. */
  static RowScratch ofThread(int columns) {
    RowScratch scratch = OF_THREAD.get();
    scratch.makeReady(columns);
    return scratch;
  }

  private void makeReady(int columns) {
    int size = DotProduct.paddedSize(columns);
    if (row.length < size) {
      row = new float[size];
    }
    Arrays.fill(row, columns, size, 0);
  }

  /** Returns the memory for a row, with zeros after it up to the size that dot products need. */
  public float[] row() {
    return row;
  }

  /** Returns memory for at least so many values beside the row. */
  public float[] values(int count) {
    if (values.length < count) {
      values = new float[count];
    }
    return values;
  }

  /** Returns memory for so many rows of at least so many values. */
  public float[][] values(int rows, int count) {
    if (rowsOfValues.length != rows || rowsOfValues[0].length < count) {
      rowsOfValues = new float[rows][count];
    }
    return rowsOfValues;
  }

  /** Returns memory for a matrix, with any content. */
  FloatMatrix matrix(long rows, long columns) {
    if (matrix.capacity() < rows * columns) {
      matrix.deallocate();
      matrix = new FloatPointer(rows * columns).retainReference();
    }
    return FloatMatrix.rowsAt(matrix, 0, rows, columns);
  }

  /** Returns memory for at least so many integers. */
  public int[] words(int count) {
    if (words.length < count) {
      words = new int[count];
    }
    return words;
  }

  /** Returns memory for at least so many bytes. */
  public byte[] bytes(int count) {
    if (bytes.length < count) {
      bytes = new byte[count];
    }
    return bytes;
  }
}
