package dev.lora4j.row;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Floats that follow each other in memory which BLAS and Java both reach. */
public final class Row implements AutoCloseable {
  private final FloatPointer memory;
  private final FloatBuffer numbers;

  private Row(FloatPointer memory, int size) {
    this.memory = memory;
    numbers = memory.limit(size).asBuffer();
  }

  /** A row of its own, whatever pointer scopes are open; the caller frees it. */
  public static Row of(int size) {
    FloatPointer memory = new FloatPointer(size);
    memory.retainReference();
    return new Row(memory, size);
  }

  /** Returns whether a tensor is contiguous float32 in CPU memory. */
  public static boolean isOne(Tensor tensor) {
    return tensor.is_cpu()
        && tensor.scalar_type().intern() == ScalarType.Float
        && tensor.is_contiguous();
  }

  /** Returns a view of a contiguous tensor, which has to outlive it. */
  public static Row over(Tensor tensor) {
    return new Row(PlainMatrix.memory(tensor), Math.toIntExact(tensor.numel()));
  }

  /** How many numbers there are. */
  public int size() {
    return numbers.capacity();
  }

  /** One of the numbers. */
  public float get(int place) {
    return numbers.get(place);
  }

  /** Writes one of the numbers. */
  public void put(int place, float number) {
    numbers.put(place, number);
  }

  /** Takes over all numbers of a row of the same size. */
  public void copy(Row other) {
    numbers.put(0, other.numbers, 0, size());
  }

  /** Writes some of the numbers to another place in memory. */
  void copyTo(int place, int count, FloatPointer other) {
    openblas_nolapack.cblas_scopy(count, from(place), 1, other, 1);
  }

  /** The first numbers, in the same memory, which has to live as long. */
  public Row first(int count) {
    return new Row(from(0), count);
  }

  /** Takes over the numbers of a matrix's row, which is as long. */
  public void copyRow(PlainMatrix matrix, long row) {
    openblas_nolapack.cblas_scopy(size(), matrix.rows(row, 1).memory(), 1, memory, 1);
  }

  /** Adds another row of the same size. */
  public void add(Row other) {
    add(other, 0, size(), 0);
  }

  /** Adds some numbers of another row to those from a place on. */
  void add(Row other, long first, long count, int place) {
    for (int i = 0; i < count; i++) {
      put(place + i, get(place + i) + other.get((int) first + i));
    }
  }

  /** {@code silu(gate) · up} of some places, where the gates are followed by as many ups. */
  public void siluTimes(Row gatesAndUps, int from, int to) {
    int ups = gatesAndUps.size() / 2;
    for (int i = from; i < to; i++) {
      float gate = gatesAndUps.get(i);
      put(i, gate / (1 + Exponential.of(-gate)) * gatesAndUps.get(ups + i));
    }
  }

  /** {@code softmax} of all numbers, in their place. */
  public void softmax() {
    int count = size();
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, numbers.get(i));
    }
    float sum = 0;
    for (int i = 0; i < count; i++) {
      float exponential = Exponential.of(numbers.get(i) - largest);
      numbers.put(i, exponential);
      sum += exponential;
    }
    for (int i = 0; i < count; i++) {
      numbers.put(i, numbers.get(i) / sum);
    }
  }

  /** Where the numbers from this one on lie. */
  FloatPointer from(long place) {
    return PlainMatrix.at(memory, place);
  }

  @Override
  public void close() {
    memory.deallocate();
  }
}
