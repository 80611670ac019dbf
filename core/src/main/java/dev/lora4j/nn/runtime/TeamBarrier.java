package dev.lora4j.nn.runtime;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * The barrier of a thread team that runs the same steps on every thread. Each thread does small
 * work for itself; of large work each takes pieces until none is left, and waits for the others.
 * Waits are short, so threads spin.
 */
public final class TeamBarrier {
  private final int size;
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile int step;
  private volatile boolean broken;

  /** A piece of shared work. */
  @FunctionalInterface
  public interface Piece {
    /** Computes the indices from one up to another, exclusive. */
    void compute(int from, int to);
  }

  public TeamBarrier(int size) {
    this.size = size;
  }

  public int size() {
    return size;
  }

  /**
   * Takes pieces of shared work, large ones first and smaller ones towards the end, and waits until
   * all are computed. Every thread calls it with the same sizes.
   *
   * @param whole number of indices
   * @param least the minimum size of a piece
   * @throws IllegalStateException if another thread has failed
   */
  public void share(int whole, int least, Piece piece) {
    for (int from = taken.get(); from < whole; from = taken.get()) {
      int to = Math.min(whole, from + Math.max(least, (whole - from) / (2 * size)));
      if (taken.compareAndSet(from, to)) {
        piece.compute(from, to);
      }
    }
    await();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the last thread to arrive writes the step
  private void await() {
    int now = step;
    if (waiting.incrementAndGet() == size) {
      waiting.set(0);
      taken.set(0);
      step = now + 1;
    } else {
      await(() -> step != now);
    }
  }

  /**
   * Waits briefly for another thread of the team.
   *
   * @throws IllegalStateException if another thread has failed
   */
  @SuppressWarnings("ThreadPriorityCheck") // a hint; correctness does not depend on it
  public void await(BooleanSupplier done) {
    for (int looks = 0; !done.getAsBoolean(); looks++) {
      if (broken) {
        throw new IllegalStateException("another thread has failed");
      }
      if (looks < CostModel.SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  /** Releases all waiting threads with an exception, since this one has failed. */
  void fail() {
    broken = true;
  }
}
