package dev.lora4j.lora.layer;

import dev.lora4j.nn.runtime.CostModel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** A task that the threads that need its result run together, once, part by part. */
final class CooperativeTask {
  private final int parts;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger unfinished;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  CooperativeTask(int parts) {
    this.parts = parts;
    unfinished = new AtomicInteger(parts);
  }

  /** Runs parts, numbered from 0, until none is left, and waits; a failure reaches all threads. */
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
