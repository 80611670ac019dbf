package dev.lora4j.row;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

/** Within 2 units in the last place of Java's double result. */
class ExponentialTest {

  @Property(tries = 10_000)
  void isCloseToMathExp(@ForAll @FloatRange(min = -86.9f, max = 87.9f) float x) {
    float expected = (float) Math.exp(x);
    assertThat(Math.abs(Exponential.of(x) - expected)).isLessThanOrEqualTo(2 * Math.ulp(expected));
  }

  @Test
  void isExactAtZeroAndTheLimits() {
    assertThat(Exponential.of(0)).isEqualTo(1);
    assertThat(Exponential.of(-1_000)).isZero();
    assertThat(Exponential.of(Float.NEGATIVE_INFINITY)).isZero();
    assertThat(Exponential.of(1_000)).isInfinite();
    assertThat(Exponential.of(Float.NaN)).isNaN();
  }
}
