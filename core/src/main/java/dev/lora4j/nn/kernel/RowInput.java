package dev.lora4j.nn.kernel;

import dev.lora4j.nn.block.DotProduct;
import dev.lora4j.nn.block.RoundedInput;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * An input of products with weights: native memory, and copies in the forms that compact weights
 * multiply, which are made on demand. For one thread, except that several may read copies which are
 * made.
 */
public final class RowInput {
  private FloatVector vector;
  private float[] elements = new float[0];
  private boolean isCopied;
  private final Map<RoundedInput.Order, RoundedInput> inputs =
      new EnumMap<>(RoundedInput.Order.class);
  private final Set<RoundedInput.Order> rounded = EnumSet.noneOf(RoundedInput.Order.class);

  public RowInput(FloatVector vector) {
    this.vector = vector;
  }

  /** Replaces the vector, or makes known that its elements have changed. */
  public RowInput of(FloatVector changed) {
    vector = changed;
    isCopied = false;
    rounded.clear();
    return this;
  }

  FloatVector vector() {
    return vector;
  }

  /** Returns the elements, and zeros after them up to the size that dot products need. */
  public float[] elements() {
    if (!isCopied) {
      int size = DotProduct.paddedSize(vector.size());
      if (elements.length < size) {
        elements = new float[size];
      }
      vector.get(elements);
      Arrays.fill(elements, vector.size(), size, 0);
      isCopied = true;
    }
    return elements;
  }

  /** Returns the elements rounded for products with interleaved rows. */
  public RoundedInput rounded(RoundedInput.Order order) {
    RoundedInput input = inputs.computeIfAbsent(order, RoundedInput::new);
    if (!rounded.contains(order)) {
      input.round(elements(), vector.size());
      rounded.add(order);
    }
    return input;
  }
}
