package dev.lora4j.lora;

import java.util.concurrent.atomic.AtomicInteger;

/** A reference count that frees a resource when its last user, usually the owner, releases it. */
final class RefCount {
  private final AtomicInteger users = new AtomicInteger(1); // the owner
  private final Runnable free;

  RefCount(Runnable free) {
    this.free = free;
  }

  /** Adds a user; returns false if the resource is freed already. */
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

  /** Removes a user; the last one frees the resource. */
  void release() {
    if (users.decrementAndGet() == 0) {
      free.run();
    }
  }
}
