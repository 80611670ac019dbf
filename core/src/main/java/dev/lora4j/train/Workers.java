package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ParallelLoop;
import dev.lora4j.train.group.ProcessGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A fixed group of threads for data-parallel work. The caller is the first worker and takes part. A
 * step of a small network takes less time than waking a thread, so idle workers spin before they
 * sleep.
 *
 * <p>In a {@link ProcessGroup} each process has an equal part of the workers, and {@link #run} runs
 * the parts of this process's own ones.
 */
public final class Workers implements AutoCloseable {
  /** A worker's part of a task; workers are numbered from 0. */
  @FunctionalInterface
  public interface Part {
    void run(int worker);
  }

  private static final int MAX_COUNT = 4096;

  private final ProcessGroup group;
  private final int first;
  private final List<Thread> helpers = new ArrayList<>();
  private final ReentrantLock running = new ReentrantLock(true);
  private final AtomicInteger unfinished = new AtomicInteger();
  private volatile int round;
  private volatile boolean closed;
  private volatile @Nullable Part part;
  private volatile @Nullable Thread caller;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /** Starts {@code count − 1} threads. */
  public Workers(int count) {
    this(count, ProcessGroup.SINGLE);
  }

  /**
   * Starts the threads of this process.
   *
   * @param count number of workers of all processes, a multiple of the number of processes
   * @param group stays the caller's
   */
  public Workers(int count, ProcessGroup group) {
    this.group = group;
    if (count < 1 || count > MAX_COUNT) {
      throw new UserError(
          "workers must be at %s, found %d"
              .formatted(count < 1 ? "least 1" : "most " + MAX_COUNT, count));
    }
    if (count % group.size() != 0) {
      throw new UserError(
          "%d workers can't be divided among %d processes; each has the same number"
              .formatted(count, group.size()));
    }
    int own = count / group.size();
    first = group.rank() * own;
    for (int i = 1; i < own; i++) {
      int worker = first + i;
      Thread helper = new Thread(() -> help(worker), "lora4j-worker-" + worker);
      helper.setDaemon(true);
      helpers.add(helper);
      helper.start();
    }
  }

  /** One worker for each core. */
  public static Workers ofAllCores() {
    return new Workers(Runtime.getRuntime().availableProcessors());
  }

  /** Number of workers of all processes, the caller included. */
  public int count() {
    return own() * group.size();
  }

  /** Number of workers of this process. */
  public int own() {
    return helpers.size() + 1;
  }

  /** The first worker of this process. */
  public int first() {
    return first;
  }

  /** The processes that have the workers. */
  public ProcessGroup group() {
    return group;
  }

  /**
   * Runs all parts of this process and waits for them. Calls of several threads run one after the
   * other.
   *
   * @throws IllegalStateException if a part of the calling thread is running, or they are closed
   * @throws RuntimeException the failure of the caller's part, else the first failure of another
   */
  public void run(Part task) {
    if (running.isHeldByCurrentThread()) {
      throw new IllegalStateException("a part can't run its own workers");
    }
    running.lock();
    try {
      runAlone(task);
    } finally {
      running.unlock();
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the thread that holds the lock writes it
  private void runAlone(Part task) {
    if (closed) {
      throw new IllegalStateException("the workers are closed");
    }
    Engine.useOneThread();
    failure.set(null);
    if (!helpers.isEmpty()) {
      part = task;
      caller = Thread.currentThread();
      unfinished.set(helpers.size());
      round++;
      helpers.forEach(LockSupport::unpark);
    }
    try {
      task.run(first);
    } finally {
      awaitHelpers();
    }
    ParallelLoop.rethrow(failure.get());
  }

  private void awaitHelpers() {
    for (int looks = 0; unfinished.get() > 0; looks++) {
      rest(looks);
    }
    part = null;
  }

  private void help(int worker) {
    Engine.useOneThread();
    int seen = 0;
    while (true) {
      for (int looks = 0; round == seen && !closed; looks++) {
        rest(looks);
      }
      if (closed) {
        return;
      }
      seen = round;
      doPart(worker);
    }
  }

  private void doPart(int worker) {
    Part task = part;
    try {
      if (task != null) {
        task.run(worker);
      }
    } catch (Throwable t) { // rethrown to the caller
      failure.compareAndSet(null, t);
    } finally {
      if (unfinished.decrementAndGet() == 0) {
        LockSupport.unpark(caller);
      }
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // a hint only
  private static void rest(int looks) {
    if (looks < CostModel.SPINS_BEFORE_YIELD) {
      Thread.onSpinWait();
    } else if (looks < CostModel.SPINS_BEFORE_PARK) {
      Thread.yield();
    } else {
      LockSupport.park(Workers.class);
    }
  }

  @Override
  public void close() {
    closed = true;
    helpers.forEach(LockSupport::unpark);
  }
}
