package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BilinearTest {

  @Test
  void upsamplingTwoValuesToFourInterpolatesInHalfSteps() {
    float[] four = new float[4];

    Bilinear.between(2, 4).apply(new float[] {0, 4}, four);

    assertThat(four).containsExactly(0, 1, 3, 4);
  }

  @Property
  void resamplingAConstantLineKeepsIt(
      @ForAll @IntRange(min = 1, max = 70) int from,
      @ForAll @IntRange(min = 1, max = 70) int to,
      @ForAll @FloatRange(min = 0, max = 255) float value) {
    float[] source = new float[from];
    java.util.Arrays.fill(source, value);
    float[] target = new float[to];

    Bilinear.between(from, to).apply(source, target);

    for (float result : target) {
      assertThat(result).isEqualTo(value, within(1e-3f));
    }
  }
}
