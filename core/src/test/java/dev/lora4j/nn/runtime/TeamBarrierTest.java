package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TeamBarrierTest {

  @Property(tries = 50)
  void everyIndexOfEveryStepIsComputedOnce(
      @ForAll @IntRange(min = 1, max = 4) int threads,
      @ForAll @IntRange(min = 0, max = 300) int whole,
      @ForAll @IntRange(min = 1, max = 40) int least) {
    AtomicIntegerArray counts = new AtomicIntegerArray(whole);
    walk(
        threads,
        team -> {
          for (int step = 1; step <= 20; step++) {
            int before = step - 1;
            team.share(
                whole,
                least,
                (from, to) -> {
                  for (int i = from; i < to; i++) {
                    assertThat(counts.getAndIncrement(i)).isEqualTo(before);
                  }
                });
            for (int i = 0; i < whole; i++) {
              assertThat(counts.get(i)).isGreaterThanOrEqualTo(step);
            }
          }
        });
  }

  @Test
  @Timeout(20)
  void failedThreadReleasesTheOthers() {
    assertThatThrownBy(
            () ->
                walk(
                    2,
                    team ->
                        team.share(
                            2,
                            1,
                            (from, to) -> {
                              if (from == 0) {
                                team.fail();
                                throw new IllegalArgumentException("no more");
                              }
                            })))
        .isInstanceOf(CompletionException.class);
  }

  private static void walk(int threads, Consumer<TeamBarrier> walk) {
    TeamBarrier team = new TeamBarrier(threads);
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<CompletableFuture<Void>> walks = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        walks.add(CompletableFuture.runAsync(() -> walk.accept(team), executor));
      }
      walks.forEach(CompletableFuture::join);
    } finally {
      executor.shutdown();
    }
  }
}
