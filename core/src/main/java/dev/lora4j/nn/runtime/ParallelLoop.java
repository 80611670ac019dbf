package dev.lora4j.nn.runtime;

import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A loop over independent items on short-lived threads, one per core; the calling thread only
 * waits.
 */
public final class ParallelLoop {
  private ParallelLoop() {}

  /**
   * Passes each item to the body, several at a time; they see the calling thread's {@link
   * ExecutionContext}.
   *
   * @throws RuntimeException the body's first failure; remaining items are then skipped
   */
  public static <T> void forEach(Collection<T> items, Consumer<? super T> body) {
    Queue<T> left = new ConcurrentLinkedQueue<>(items);
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    ExecutionContext context = ExecutionContext.inherited();
    Runnable work =
        () -> {
          try {
            Engine.useOneThread();
            context.run(() -> drain(left, body));
          } catch (RuntimeException | Error e) {
            failures.add(e);
            left.clear();
          }
        };
    int count = Math.min(items.size(), Runtime.getRuntime().availableProcessors());
    List<Thread> threads =
        Stream.generate(() -> new Thread(work, "lora4j-loop")).limit(count).toList();
    threads.forEach(Thread::start);
    threads.forEach(ParallelLoop::awaitEnd);
    rethrow(failures.peek());
  }

  private static <T> void drain(Queue<T> left, Consumer<? super T> body) {
    for (T item = left.poll(); item != null; item = left.poll()) {
      body.accept(item);
    }
  }

  /** Waits even if interrupted: the threads work in the caller's memory. */
  private static void awaitEnd(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Throws a failure of another thread on this one; does nothing for null. */
  public static void rethrow(@Nullable Throwable first) {
    if (first instanceof RuntimeException e) {
      throw e;
    }
    if (first instanceof Error e) {
      throw e;
    }
  }
}
