package dev.lora4j;

import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.AbstractAssert;
import org.assertj.core.api.Assertions;
import org.bytedeco.pytorch.Tensor;

/** AssertJ assertions about a tensor's values. */
public final class TensorAssert extends AbstractAssert<TensorAssert, Tensor> {

  private TensorAssert(Tensor actual) {
    super(actual, TensorAssert.class);
  }

  public static TensorAssert assertThat(Tensor actual) {
    return new TensorAssert(actual);
  }

  /** Checks that two state dicts have the same names and, under each name, the same bits. */
  public static void assertSameState(Map<String, Tensor> actual, Map<String, Tensor> expected) {
    Assertions.assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach(
        (name, tensor) ->
            assertThat(tensor).as(name).isExactly(Objects.requireNonNull(expected.get(name))));
  }

  /**
   * Checks that every element is within {@code tolerance · (|e| + max |e|)} of the expected element
   * {@code e}. The second summand allows for sums whose terms cancel: their rounding error grows
   * with the terms, not with the result.
   */
  public TensorAssert isCloseTo(Tensor expected, double tolerance) {
    hasShapeOf(expected);
    float[] found = Ops.floats(actual);
    float[] wanted = Ops.floats(expected);
    double largest = 0;
    for (float value : wanted) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < found.length; i++) {
      double allowed = tolerance * (Math.abs(wanted[i]) + largest);
      if (!(Math.abs((double) found[i] - wanted[i]) <= allowed)) {
        failWithMessage(
            "element %d: expected %s, found %s, more than %s away",
            i, wanted[i], found[i], allowed);
      }
    }
    return this;
  }

  /** Checks that every bit is the same. */
  public TensorAssert isExactly(Tensor expected) {
    hasShapeOf(expected);
    return hasExactly(Ops.floats(expected));
  }

  /** Checks that the elements, in row-major order, equal these bit for bit. */
  public TensorAssert hasExactly(float... expected) {
    float[] found = Ops.floats(actual);
    for (int i = 0; i < Math.max(found.length, expected.length); i++) {
      if (i >= found.length
          || i >= expected.length
          || Float.floatToRawIntBits(found[i]) != Float.floatToRawIntBits(expected[i])) {
        failWithMessage(
            "the tensors differ from element %d on:%n expected %s%n found    %s",
            i, Arrays.toString(expected), Arrays.toString(found));
      }
    }
    return this;
  }

  public TensorAssert hasShape(long... expected) {
    if (!Arrays.equals(actual.shape(), expected)) {
      failWithMessage(
          "expected shape %s, found %s",
          Arrays.toString(expected), Arrays.toString(actual.shape()));
    }
    return this;
  }

  private void hasShapeOf(Tensor expected) {
    isNotNull();
    hasShape(expected.shape());
  }
}
