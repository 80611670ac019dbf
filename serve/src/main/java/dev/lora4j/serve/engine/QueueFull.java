package dev.lora4j.serve.engine;

/** The queue of waiting requests is full; try again later. */
public final class QueueFull extends RuntimeException {
  private static final long serialVersionUID = 1;

  QueueFull(int waiting) {
    super("the queue is full: " + waiting + " requests are waiting");
  }
}
