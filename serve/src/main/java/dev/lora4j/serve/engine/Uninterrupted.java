package dev.lora4j.serve.engine;

/**
 * Waits for an end even if the thread is interrupted: what runs still uses memory that is freed
 * next. The interruption stays set.
 */
public final class Uninterrupted {
  /** Waits until something has ended. */
  @FunctionalInterface
  public interface Waiting {
    void await() throws InterruptedException;
  }

  private Uninterrupted() {}

  public static void await(Waiting waiting) {
    boolean interrupted = false;
    while (true) {
      try {
        waiting.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
