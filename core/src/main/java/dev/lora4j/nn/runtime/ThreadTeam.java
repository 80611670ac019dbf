package dev.lora4j.nn.runtime;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread team that generates one text together, while it is open: each thread prefills a part of
 * the prompt and computes a share of every decoded token. With several texts at a time, one thread
 * for each text is faster.
 */
public final class ThreadTeam implements AutoCloseable {
  private static final ContextVar<ThreadTeam> OF_THREAD = ContextVar.ofThread();

  private final int size;
  private final Consumer<IntConsumer> runner;
  private final @Nullable ThreadTeam before;

  private ThreadTeam(int size, Consumer<IntConsumer> runner) {
    this.size = size;
    this.runner = runner;
    before = OF_THREAD.get();
  }

  /**
   * Binds a team to the calling thread, which closes it. The runner runs the parts of a task, each
   * on a thread of its own, and waits for them.
   */
  public static ThreadTeam open(int size, Consumer<IntConsumer> runner) {
    ThreadTeam team = new ThreadTeam(size, runner);
    OF_THREAD.set(team);
    return team;
  }

  /** The work of each thread of a team, numbered from 0, in the same steps as the others. */
  @FunctionalInterface
  public interface TeamTask {
    void run(int part, TeamBarrier barrier);
  }

  /** Number of threads that {@link #parallel} runs on. */
  public static int threads() {
    ThreadTeam team = OF_THREAD.get();
    return team == null ? 1 : team.size;
  }

  /** Runs work on all threads of the caller's team, which inherit its context, and waits. */
  public static void parallel(TeamTask task) {
    ThreadTeam team = OF_THREAD.get();
    if (team == null) {
      task.run(0, new TeamBarrier(1));
      return;
    }
    OF_THREAD.set(null);
    try {
      team.runTogether(task);
    } finally {
      OF_THREAD.set(team);
    }
  }

  private void runTogether(TeamTask task) {
    TeamBarrier barrier = new TeamBarrier(size);
    ExecutionContext context = ExecutionContext.inherited();
    AtomicReference<@Nullable Throwable> first = new AtomicReference<>();
    runner.accept(
        part -> {
          try {
            context.run(() -> task.run(part, barrier));
          } catch (RuntimeException | Error e) {
            first.compareAndSet(null, e);
            barrier.fail();
          }
        });
    ParallelLoop.rethrow(first.get()); // the other failures follow from it
  }

  /** Releases the calling thread from the team. */
  @Override
  public void close() {
    OF_THREAD.set(before);
  }
}
