package dev.lora4j.lora;

import dev.lora4j.row.CostModel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Work in parts that is done by those who wait for it: each thread takes the next part that nobody
 * has taken. It is done once, and a thread that comes later finds it done.
 */
final class JointWork {
  private final int parts;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger unfinished;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  JointWork(int parts) {
    this.parts = parts;
    unfinished = new AtomicInteger(parts);
  }

  /**
   * Does parts as long as there are any, and waits for those that others do.
   *
   * @param work gets a part's number, from 0 on; the same for all threads
   * @throws RuntimeException what a part of this thread threw, or of another, then with it as cause
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
    for (int looks = 0; looks < CostModel.SPINS_BEFORE_BLOCK && !done.isDone(); looks++) {
      Thread.onSpinWait();
    }
    done.join();
  }

  boolean hasFailed() {
    return done.isCompletedExceptionally();
  }
}
