package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.DotProduct;
import java.util.Arrays;

/**
 * An input of products with weights: native memory, and a copy in a Java array for the weights that
 * read one.
 */
public final class RowInput {
  private FloatVector vector;
  private float[] elements = new float[0];

  /** An input with these elements, which may change before each {@link #refresh}. */
  public RowInput(FloatVector vector) {
    this.vector = vector;
  }

  /** Replaces the vector. */
  public RowInput of(FloatVector other) {
    vector = other;
    return this;
  }

  FloatVector vector() {
    return vector;
  }

  /** Copies the present elements to the array. */
  void refresh() {
    int size = DotProduct.paddedSize(vector.size());
    if (elements.length < size) {
      elements = new float[size];
    }
    vector.get(elements);
    Arrays.fill(elements, vector.size(), size, 0);
  }

  /** Returns the elements as of the last refresh, and zeros after them. */
  float[] elements() {
    return elements;
  }
}
