package dev.lora4j.lora.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Each part runs once, whichever threads wait for it. */
class CooperativeTaskTest {

  @Test
  void everyPartRunsOnceBeforeAnyThreadContinues() throws InterruptedException {
    for (int round = 0; round < 200; round++) {
      CooperativeTask work = new CooperativeTask(5);
      ConcurrentLinkedQueue<Integer> done = new ConcurrentLinkedQueue<>();
      ConcurrentLinkedQueue<Integer> seen = new ConcurrentLinkedQueue<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        threads.add(
            new Thread(
                () -> {
                  work.finish(done::add);
                  seen.add(done.size());
                }));
      }
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }

      assertThat(done).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
      assertThat(seen).containsExactly(5, 5, 5);
    }
  }

  @Test
  void laterThreadReturnsAtOnce() {
    CooperativeTask work = new CooperativeTask(2);
    List<Integer> done = new ArrayList<>();
    work.finish(done::add);
    work.finish(done::add);

    assertThat(done).containsExactly(0, 1);
    assertThat(work.hasFailed()).isFalse();
  }

  @Test
  void failedPartFailsOnEveryThread() {
    CooperativeTask work = new CooperativeTask(2);

    assertThatThrownBy(
            () ->
                work.finish(
                    part -> {
                      throw new IllegalStateException("part " + part);
                    }))
        .hasMessage("part 0");
    assertThat(work.hasFailed()).isTrue();
    assertThatThrownBy(() -> work.finish(part -> {}))
        .hasRootCauseMessage("part 0")
        .hasRootCauseInstanceOf(IllegalStateException.class);
  }
}
