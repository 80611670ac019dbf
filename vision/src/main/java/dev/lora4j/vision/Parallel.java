package dev.lora4j.vision;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A parallel loop over many small tasks, in which each thread keeps its own tools. */
final class Parallel {
  /** Large enough to make sharing free, small enough for all threads to finish together. */
  private static final int BLOCK = 64;

  /** The tools of one thread. */
  interface Worker extends AutoCloseable {
    void process(int index);

    @Override
    default void close() {}
  }

  private Parallel() {}

  /** Runs the task once for each index below {@code count}; rethrows the first failure. */
  static void run(int threads, int count, Supplier<? extends Worker> workers) {
    if (threads < 1) {
      throw new IllegalArgumentException("expected at least 1 thread, found " + threads);
    }
    AtomicInteger next = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(threads, Parallel::daemon);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        running.add(pool.submit(() -> work(next, count, workers)));
      }
      for (Future<?> thread : running) {
        await(thread);
      }
    } finally {
      next.set(count); // after a failure, the other threads stop at their next block
      pool.shutdownNow();
    }
  }

  private static void work(AtomicInteger next, int count, Supplier<? extends Worker> workers) {
    try (Worker worker = workers.get()) {
      int from;
      while ((from = next.getAndAdd(BLOCK)) < count && !Thread.currentThread().isInterrupted()) {
        for (int i = from; i < Math.min(count, from + BLOCK); i++) {
          worker.process(i);
        }
      }
    }
  }

  private static void await(Future<?> thread) {
    try {
      thread.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "lora4j-data");
    thread.setDaemon(true);
    return thread;
  }
}
