package dev.lora4j.vision;

import dev.lora4j.train.Workers;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A parallel loop over many small tasks, in which each thread keeps its own tools. */
final class Parallel {
  /** Tasks per block: large enough for negligible overhead, small enough for an even load. */
  private static final int BLOCK = 64;

  /** The tools of one thread. */
  interface Worker extends AutoCloseable {
    void process(int index);

    @Override
    default void close() {}
  }

  private Parallel() {}

  /** Runs the task once for each index below {@code count}; rethrows the first failure. */
  static void run(int threads, int count, Supplier<? extends Worker> tools) {
    AtomicInteger next = new AtomicInteger();
    try (Workers workers = new Workers(threads)) {
      workers.run(part -> work(next, count, tools));
    }
  }

  private static void work(AtomicInteger next, int count, Supplier<? extends Worker> tools) {
    try (Worker worker = tools.get()) {
      int from;
      while ((from = next.getAndAdd(BLOCK)) < count) {
        if (Thread.currentThread().isInterrupted()) {
          throw new IllegalStateException("interrupted");
        }
        for (int i = from; i < Math.min(count, from + BLOCK); i++) {
          worker.process(i);
        }
      }
    } catch (RuntimeException | Error e) {
      next.set(count); // the other threads stop at their next block
      throw e;
    }
  }
}
