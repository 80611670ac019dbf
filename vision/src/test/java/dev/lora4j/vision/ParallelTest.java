package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ParallelTest {

  @Property(tries = 50)
  void eachIndexRunsOnce(
      @ForAll @IntRange(min = 1, max = 5) int threads, @ForAll @IntRange(max = 1000) int count) {
    AtomicIntegerArray times = new AtomicIntegerArray(count);

    Parallel.run(threads, count, () -> times::incrementAndGet);

    for (int i = 0; i < count; i++) {
      assertThat(times.get(i)).isEqualTo(1);
    }
  }

  @Test
  void failureIsRethrownUnchanged() {
    assertThatThrownBy(
            () ->
                Parallel.run(
                    2,
                    1000,
                    () ->
                        index -> {
                          if (index == 700) {
                            throw new IllegalStateException("at 700");
                          }
                        }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("at 700");
  }
}
