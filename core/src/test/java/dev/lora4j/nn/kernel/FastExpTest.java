package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

/** Within 2 units in the last place of Java's double result. */
class FastExpTest {

  @Property(tries = 10_000)
  void isCloseToMathExp(@ForAll @FloatRange(min = -86.9f, max = 87.9f) float x) {
    float expected = (float) Math.exp(x);
    assertThat(Math.abs(FastExp.of(x) - expected)).isLessThanOrEqualTo(2 * Math.ulp(expected));
  }

  @Test
  void isExactAtZeroAndTheLimits() {
    assertThat(FastExp.of(0)).isEqualTo(1);
    assertThat(FastExp.of(-1_000)).isZero();
    assertThat(FastExp.of(Float.NEGATIVE_INFINITY)).isZero();
    assertThat(FastExp.of(1_000)).isInfinite();
    assertThat(FastExp.of(Float.NaN)).isNaN();
  }
}
