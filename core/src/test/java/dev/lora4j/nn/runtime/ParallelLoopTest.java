package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ParallelLoopTest {

  @Test
  void everyItemRunsOnceWithOneTorchThread() {
    List<Integer> items = IntStream.range(0, 1000).boxed().toList();
    Set<Integer> seen = ConcurrentHashMap.newKeySet();
    ParallelLoop.forEach(
        items,
        item -> {
          assertThat(seen.add(item)).isTrue();
          assertThat(torch.get_num_threads()).isEqualTo(1);
        });
    assertThat(seen).hasSize(items.size());
    ParallelLoop.forEach(List.of(), item -> assertThat(seen).isEmpty());
  }

  @Test
  void itsThreadsEndWithTheLoop() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    ParallelLoop.forEach(List.of(1, 2, 3, 4), item -> threads.add(Thread.currentThread()));
    assertThat(threads).isNotEmpty().doesNotContain(Thread.currentThread());
    assertThat(threads).noneMatch(Thread::isAlive);
  }

  @Test
  void failureReachesTheCaller() {
    assertThatThrownBy(
            () ->
                ParallelLoop.forEach(
                    List.of(1, 2, 3),
                    item -> {
                      throw new IllegalStateException("item failed");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("item failed");
  }

  @Test
  void interruptedCallerWaitsAndStaysInterrupted() {
    Set<Integer> seen = ConcurrentHashMap.newKeySet();
    Thread.currentThread().interrupt();
    ParallelLoop.forEach(List.of(1, 2, 3), seen::add);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(seen).containsExactlyInAnyOrder(1, 2, 3);
  }

  @Test
  void onlyInheritedValuesReachItsThreads() {
    ContextVar<String> inherited = ContextVar.inherited();
    ContextVar<String> own = ContextVar.ofThread();
    inherited.set("seen");
    own.set("unseen");
    try {
      ParallelLoop.forEach(
          List.of(1, 2),
          item -> {
            assertThat(inherited.get()).isEqualTo("seen");
            assertThat(own.get()).isNull();
          });
      assertThat(own.get()).isEqualTo("unseen");
    } finally {
      inherited.set(null);
      own.set(null);
    }
    assertThat(inherited.get()).isNull();
  }
}
