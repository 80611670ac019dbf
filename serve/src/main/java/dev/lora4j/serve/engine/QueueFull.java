package dev.lora4j.serve.engine;

/** The server has as many requests or adapters as it may; try again later. */
public final class QueueFull extends RuntimeException {
  private static final long serialVersionUID = 1;

  private QueueFull(String message) {
    super(message);
  }

  static QueueFull ofRequests(int waiting) {
    return new QueueFull("the queue is full: " + waiting + " requests are waiting");
  }

  static QueueFull ofAdapters(int loaded) {
    return new QueueFull("all " + loaded + " adapters in memory are in use");
  }
}
