package dev.lora4j.nn.kernel;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A float vector in memory that BLAS and Java both access. */
public final class FloatVector implements AutoCloseable {
  private final FloatPointer memory;
  private final FloatBuffer values;

  private FloatVector(FloatPointer memory, int size) {
    this.memory = memory;
    values = memory.limit(size).asBuffer();
  }

  /** Allocates a vector outside of all pointer scopes; the caller frees it. */
  public static FloatVector of(int size) {
    FloatPointer memory = new FloatPointer(size);
    memory.retainReference();
    return new FloatVector(memory, size);
  }

  /** Returns whether a tensor is contiguous float32 in CPU memory. */
  public static boolean isOne(Tensor tensor) {
    return tensor.is_cpu()
        && tensor.scalar_type().intern() == ScalarType.Float
        && tensor.is_contiguous();
  }

  /** Returns whether a tensor is one row of this size in plain memory, without a gradient. */
  static boolean isRow(Tensor tensor, long size) {
    return tensor.numel() == size && !GradMode.is_enabled() && isOne(tensor);
  }

  /** Returns a view of a contiguous tensor, which must outlive it. */
  public static FloatVector over(Tensor tensor) {
    return new FloatVector(FloatMatrix.memory(tensor), Math.toIntExact(tensor.numel()));
  }

  public int size() {
    return values.capacity();
  }

  public float get(int place) {
    return values.get(place);
  }

  public void put(int place, float value) {
    values.put(place, value);
  }

  /** Copies some elements of an array. */
  public void put(int place, float[] from, int first, int count) {
    values.put(place, from, first, count);
  }

  /** Copies all elements to the beginning of an array. */
  void get(float[] to) {
    values.get(0, to, 0, size());
  }

  /** Copies the beginning of an array to all elements. */
  void put(float[] from) {
    values.put(0, from, 0, size());
  }

  public void copy(FloatVector other) {
    values.put(0, other.values, 0, size());
  }

  /** Copies a range of elements to other memory. */
  void copyTo(int place, int count, FloatPointer other) {
    openblas_nolapack.cblas_scopy(count, from(place), 1, other, 1);
  }

  /** Returns a view of the first elements; this vector must outlive it. */
  public FloatVector first(int count) {
    return new FloatVector(FloatMatrix.at(memory, 0), count);
  }

  public void add(FloatVector other) {
    add(other, 0, size(), 0);
  }

  /** Adds a range of another vector to the elements from an index on. */
  void add(FloatVector other, long first, long count, int place) {
    for (int i = 0; i < count; i++) {
      put(place + i, get(place + i) + other.get((int) first + i));
    }
  }

  /** Adds a range of another vector to the same range of this one. */
  void addRange(FloatVector other, int place, int count) {
    openblas_nolapack.cblas_saxpy(count, 1, other.from(place), 1, from(place), 1);
  }

  /** Computes {@code f(gate) · up} for a range; the gates are followed by the ups. */
  public void gated(GatedActivation activation, FloatVector gatesAndUps, int from, int to) {
    int ups = gatesAndUps.size() / 2;
    for (int i = from; i < to; i++) {
      put(i, activation.of(gatesAndUps.get(i)) * gatesAndUps.get(ups + i));
    }
  }

  public void fill(float value) {
    for (int i = 0; i < size(); i++) {
      put(i, value);
    }
  }

  /** Multiplies a range of elements by a factor. */
  public void scale(float factor, int from, int to) {
    for (int i = from; i < to; i++) {
      put(i, factor * get(i));
    }
  }

  /** Adds another vector times a factor. */
  public void addScaled(FloatVector other, float factor) {
    for (int i = 0; i < size(); i++) {
      put(i, get(i) + factor * other.get(i));
    }
  }

  void softmax() {
    int count = size();
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, values.get(i));
    }
    float sum = 0;
    for (int i = 0; i < count; i++) {
      float exponential = FastExp.of(values.get(i) - largest);
      values.put(i, exponential);
      sum += exponential;
    }
    for (int i = 0; i < count; i++) {
      values.put(i, values.get(i) / sum);
    }
  }

  FloatPointer from(long place) {
    return place == 0 ? memory : FloatMatrix.at(memory, place);
  }

  @Override
  public void close() {
    memory.deallocate();
  }
}
