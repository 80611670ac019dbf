package dev.lora4j.lora;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts who uses something, so that it is freed when the last one lets go: its owner, mostly. */
final class RefCount {
  private final AtomicInteger users = new AtomicInteger(1); // the owner
  private final Runnable free;

  RefCount(Runnable free) {
    this.free = free;
  }

  /** Counts one more; false if it is freed already. */
  boolean retain() {
    int now;
    do {
      now = users.get();
      if (now == 0) {
        return false;
      }
    } while (!users.compareAndSet(now, now + 1));
    return true;
  }

  /** Counts one less. */
  void release() {
    if (users.decrementAndGet() == 0) {
      free.run();
    }
  }
}
