package dev.lora4j;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;

/**
 * Runs tasks again and again, each on a thread of its own, until the time is over or one fails.
 * {@code -Dlora4j.stress.seconds=60} sets the time, 2 seconds by default.
 */
public final class Stress {
  private static final Duration TIME = Duration.ofSeconds(Long.getLong("lora4j.stress.seconds", 2));

  private Stress() {}

  /** One call of a stressed operation, in a pointer scope of its own. */
  @FunctionalInterface
  public interface Task {
    void run() throws Exception;
  }

  public static void run(Task... tasks) throws Exception {
    long end = System.nanoTime() + TIME.toNanos();
    ExecutorService threads = Executors.newFixedThreadPool(tasks.length);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (Task task : tasks) {
        running.add(
            threads.submit(
                () -> {
                  do {
                    try (PointerScope scope = new PointerScope()) {
                      task.run();
                    }
                  } while (System.nanoTime() < end);
                  return null;
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } finally {
      threads.shutdown();
    }
  }
}
