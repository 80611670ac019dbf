package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class MeanwhileTest {

  @Test
  void awaitReturnsAfterTheComputationHasEnded() {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicBoolean ended = new AtomicBoolean();
    Meanwhile<Integer> meanwhile =
        Meanwhile.make(
            () -> {
              begun.countDown();
              for (int i = 0; i < 1000; i++) {
                Thread.onSpinWait();
              }
              ended.set(true);
              return 3;
            });

    meanwhile.await();

    assertThat(begun.getCount()).isZero();
    assertThat(ended).isTrue();
    assertThat(meanwhile.get()).isEqualTo(3);
  }

  @Test
  void failureIsThrownByGetOnly() {
    Meanwhile<Integer> meanwhile =
        Meanwhile.make(
            () -> {
              throw new UserError("no data");
            });

    assertThatCode(meanwhile::await).doesNotThrowAnyException();
    assertThatThrownBy(meanwhile::get).isInstanceOf(UserError.class).hasMessage("no data");
  }
}
