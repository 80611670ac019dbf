package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Stress;
import dev.lora4j.UserError;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkersTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void everyPartRunsOnceOnItsOwnThread(int count) {
    Thread[] threads = new Thread[count];
    AtomicIntegerArray runs = new AtomicIntegerArray(count);
    try (Workers workers = new Workers(count)) {
      assertThat(workers.count()).isEqualTo(count);

      workers.run(
          worker -> {
            threads[worker] = Thread.currentThread();
            runs.incrementAndGet(worker);
          });
    }

    assertThat(threads).doesNotHaveDuplicates().doesNotContainNull();
    assertThat(threads[0]).isSameAs(Thread.currentThread());
    for (int worker = 0; worker < count; worker++) {
      assertThat(runs.get(worker)).isEqualTo(1);
    }
  }

  @Test
  void operatorsStayOnTheWorkersThread() {
    int[] threads = new int[3];
    try (Workers workers = new Workers(3)) {
      workers.run(worker -> threads[worker] = torch.get_num_threads());
    }
    assertThat(threads).containsExactly(1, 1, 1);
  }

  /** Each round takes less time than waking a thread; together they take a fraction of a second. */
  @Test
  void tenThousandRoundsAreFast() {
    long[] sums = new long[2];
    try (Workers workers = new Workers(2)) {
      for (int i = 0; i < 10_000; i++) {
        int round = i;
        workers.run(worker -> sums[worker] += round);
      }
    }
    assertThat(sums).containsExactly(49_995_000, 49_995_000);
  }

  @Test
  void sleepingWorkersWakeUp() throws InterruptedException {
    int[] runs = new int[3];
    try (Workers workers = new Workers(3)) {
      for (int i = 0; i < 3; i++) {
        workers.run(worker -> runs[worker]++);
        Thread.sleep(30);
      }
    }
    assertThat(runs).containsExactly(3, 3, 3);
  }

  // ---- failures ----

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void exceptionOfAPartIsThrownAfterAllParts(int failing) {
    int[] runs = new int[3];
    try (Workers workers = new Workers(3)) {
      assertThatThrownBy(
              () ->
                  workers.run(
                      worker -> {
                        if (worker == failing) {
                          throw new IllegalStateException("worker " + worker);
                        }
                        runs[worker]++;
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("worker " + failing);
      assertThat(runs).containsOnlyOnce(0);

      workers.run(worker -> runs[worker] = 7);
      assertThat(runs).containsExactly(7, 7, 7);
    }
  }

  @Test
  void errorIsThrownUnchanged() {
    try (Workers workers = new Workers(2)) {
      assertThatThrownBy(
              () ->
                  workers.run(
                      worker -> {
                        if (worker == 1) {
                          throw new OutOfMemoryError("of a test");
                        }
                      }))
          .isInstanceOf(OutOfMemoryError.class);
    }
  }

  @Test
  void roundAfterAFailureSucceeds() {
    try (Workers workers = new Workers(2)) {
      assertThatThrownBy(
              () ->
                  workers.run(
                      worker -> {
                        throw new IllegalStateException("worker " + worker);
                      }))
          .isInstanceOf(IllegalStateException.class);

      workers.run(worker -> {});
    }
  }

  // ---- several callers ----

  @Test
  void callsOfSeveralThreadsRunOneAfterTheOther() throws Exception {
    try (Workers workers = new Workers(2)) {
      AtomicInteger running = new AtomicInteger();
      Stress.Task task =
          () -> {
            int[] done = new int[2];
            workers.run(
                worker -> {
                  assertThat(running.incrementAndGet()).isLessThanOrEqualTo(2);
                  done[worker]++;
                  running.decrementAndGet();
                });
            assertThat(done).containsExactly(1, 1);
          };

      Stress.run(task, task, task);
    }
  }

  @Test
  void aPartCantRunItsOwnWorkers() {
    try (Workers workers = new Workers(2)) {
      assertThatThrownBy(
              () ->
                  workers.run(
                      worker -> {
                        if (worker == 0) {
                          workers.run(part -> {});
                        }
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("a part can't run its own workers");
    }
  }

  // ---- beginning and end ----

  @Test
  void closingEndsTheThreads() throws InterruptedException {
    Thread[] threads = new Thread[3];
    Workers workers = new Workers(3);
    workers.run(worker -> threads[worker] = Thread.currentThread());

    workers.close();

    for (int worker = 1; worker < 3; worker++) {
      threads[worker].join(5_000);
      assertThat(threads[worker].isAlive()).isFalse();
      assertThat(threads[worker].isDaemon()).isTrue();
    }
  }

  @Test
  void closedWorkersRefuseWork() {
    Workers workers = new Workers(2);
    workers.close();

    assertThatThrownBy(() -> workers.run(worker -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the workers are closed");
  }

  @Test
  void countBelowOneIsRefused() {
    assertThatThrownBy(() -> new Workers(0))
        .isInstanceOf(UserError.class)
        .hasMessage("workers must be at least 1, found 0");
    try (Workers workers = Workers.ofAllCores()) {
      assertThat(workers.count()).isEqualTo(Runtime.getRuntime().availableProcessors());
    }
  }
}
