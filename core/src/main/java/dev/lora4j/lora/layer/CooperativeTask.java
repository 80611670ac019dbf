package dev.lora4j.lora.layer;

import dev.lora4j.nn.runtime.CostModel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * A task in parts that is run by the threads that need its result: each takes the next part that no
 * other has taken. It runs once; a thread that comes later returns at once.
 */
final class CooperativeTask {
  private final int parts;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger unfinished;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  CooperativeTask(int parts) {
    this.parts = parts;
    unfinished = new AtomicInteger(parts);
  }

  /**
   * Runs parts until none is left, and waits for those of other threads.
   *
   * @param work takes a part's number, from 0 on; the same for all threads
   * @throws RuntimeException if a part failed: the part's own exception on the thread that ran it,
   *     one with that as its cause on the others
   */
  void finish(IntConsumer work) {
    for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
      try {
        work.accept(part);
      } catch (RuntimeException | Error e) {
        done.completeExceptionally(e);
        throw e;
      }
      if (unfinished.decrementAndGet() == 0) {
        done.complete(null);
      }
    }
    for (int spins = 0; spins < CostModel.SPINS_BEFORE_BLOCK && !done.isDone(); spins++) {
      Thread.onSpinWait();
    }
    done.join();
  }

  boolean hasFailed() {
    return done.isCompletedExceptionally();
  }
}
