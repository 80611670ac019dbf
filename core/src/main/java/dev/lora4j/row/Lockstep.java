package dev.lora4j.row;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Threads that walk through the same steps. What is small each does for itself; of what is large
 * each takes pieces, until nothing is left, and waits for the others'. A wait is short, so they
 * keep looking.
 */
public final class Lockstep {
  private final int size;
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile int step;
  private volatile boolean broken;

  /** Some of a whole. */
  @FunctionalInterface
  public interface Piece {
    /** Computes from one place up to, and without, another. */
    void compute(int from, int to);
  }

  /** For so many threads. */
  public Lockstep(int size) {
    this.size = size;
  }

  /** How many threads there are. */
  public int size() {
    return size;
  }

  /**
   * Takes pieces of a whole, large ones at first and smaller ones towards the end, and waits until
   * all are computed. All threads call it, with the same sizes.
   *
   * @param least the smallest piece worth taking
   * @throws IllegalStateException if another thread has given up
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

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the last to come writes the step
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
   * Waits, for a short time, for something that another thread of the team does.
   *
   * @throws IllegalStateException if another thread has given up
   */
  @SuppressWarnings("ThreadPriorityCheck") // a hint; correctness does not rest on it
  public void await(BooleanSupplier done) {
    for (int looks = 0; !done.getAsBoolean(); looks++) {
      if (broken) {
        throw new IllegalStateException("another thread has given up");
      }
      if (looks < CostModel.SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  /** Lets no thread wait any more, since this one does not go on. */
  public void giveUp() {
    broken = true;
  }
}
