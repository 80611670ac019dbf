package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class OpsTest {

  @Property(tries = 50)
  void valuesSurviveTheRoundTrip(@ForAll List<Float> numbers, @ForAll List<Long> whole) {
    float[] floats = new float[numbers.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = numbers.get(i);
    }
    long[] longs = whole.stream().mapToLong(Long::longValue).toArray();
    try (PointerScope scope = new PointerScope()) {
      assertThat(Ops.floats(Ops.tensor(floats, floats.length))).isEqualTo(floats);
      assertThat(Ops.longs(Ops.tensor(longs))).isEqualTo(longs);
    }
  }

  @Test
  void floatsAreRowMajorForAnyLayout() {
    try (PointerScope scope = new PointerScope()) {
      Tensor transposed = Ops.tensor(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).t();

      assertThat(Ops.floats(transposed)).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(Ops.floats(transposed.to(ScalarType.BFloat16))).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(Ops.shapeOf(transposed)).isEqualTo("[3, 2]");
    }
  }

  @Test
  void keptTensorOutlivesItsScope() {
    Tensor kept;
    try (PointerScope scope = new PointerScope()) {
      kept = Ops.keep(torch.ones(1));
    }
    assertThat(kept.item_float()).isEqualTo(1);
    kept.deallocate();
  }

  @Test
  void addScaledAddsAMultiple() {
    try (PointerScope scope = new PointerScope()) {
      Tensor a = Ops.tensor(new float[] {1, 2}, 2);
      Tensor b = Ops.tensor(new float[] {10, 20}, 2);

      TensorAssert.assertThat(Ops.addScaled(a, b, 0.5)).hasExactly(6, 12);
      TensorAssert.assertThat(Ops.addScaled(a, b, 1)).hasExactly(11, 22);
    }
  }

  /** Equal logits give every class the same probability: −log(1/4) per example. */
  @Test
  void crossEntropyIsSummedOverTheBatch() {
    try (PointerScope scope = new PointerScope()) {
      Tensor loss = Ops.crossEntropySum(torch.zeros(3, 4), Ops.tensor(new long[] {0, 3, 1}));

      assertThat(loss.item_double()).isCloseTo(3 * Math.log(4), within(1e-6));
    }
  }

  @Test
  void squaredErrorIsSummedOverTheBatch() {
    try (PointerScope scope = new PointerScope()) {
      Tensor outputs = Ops.tensor(new float[] {1, 2, 3}, 3, 1);
      Tensor targets = Ops.tensor(new float[] {3, 2, 2.5f}, 3);

      assertThat(Ops.squaredErrorSum(outputs, targets).item_double()).isEqualTo(4.25);
      assertThat(Ops.squaredErrorSum(outputs.view(3), targets).item_double()).isEqualTo(4.25);
    }
  }

  @Test
  void argmaxIsPerRow() {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Ops.tensor(new float[] {0, 2, 1, 5, 4, 3}, 2, 3);

      assertThat(Ops.longs(Ops.argmaxOfRows(rows))).containsExactly(1, 0);
    }
  }
}
