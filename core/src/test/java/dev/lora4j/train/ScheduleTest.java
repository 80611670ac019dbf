package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {

  /** Compares with transformers for 2 steps of warm-up and 10 in total. */
  @ParameterizedTest
  @CsvSource({
    "CONSTANT, 0, 0",
    "CONSTANT, 1, 0.5",
    "CONSTANT, 2, 1",
    "CONSTANT, 9, 1",
    "LINEAR, 0, 0",
    "LINEAR, 1, 0.5",
    "LINEAR, 2, 1",
    "LINEAR, 6, 0.5",
    "LINEAR, 9, 0.125",
    "LINEAR, 10, 0",
    "COSINE, 1, 0.5",
    "COSINE, 2, 1",
    "COSINE, 4, 0.8535533905932737",
    "COSINE, 6, 0.5",
    "COSINE, 9, 0.038060233744356624",
    "COSINE, 10, 0"
  })
  void factorsEqualTransformers(Schedule.Shape shape, long step, double expected) {
    assertThat(new Schedule(shape, 2).factor(step, 10)).isCloseTo(expected, within(1e-15));
  }

  @Test
  void withoutWarmUpTheFirstFactorIsOne() {
    assertThat(Schedule.constant().factor(0, 1)).isEqualTo(1);
    assertThat(Schedule.linear().factor(0, 1)).isEqualTo(1);
    assertThat(Schedule.cosine().factor(0, 1)).isEqualTo(1);
  }

  @Test
  void negativeWarmUpIsRefused() {
    assertThatThrownBy(() -> Schedule.linear().warmUp(-1))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("found -1");
  }
}
