package dev.lora4j.nn;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a thread has chosen for its own work, and the threads of its {@link Crew} see too while they
 * help it.
 *
 * @param <T> of what kind it is
 */
public final class Carried<T> {
  private static final ThreadLocal<Map<Carried<?>, Object>> HERE = ThreadLocal.withInitial(Map::of);

  /** What the calling thread has chosen. */
  @SuppressWarnings("unchecked") // only set() writes, under its own key
  public Optional<T> get() {
    return Optional.ofNullable((T) HERE.get().get(this));
  }

  /** Chooses for the calling thread, or takes the choice back. */
  public void set(@Nullable T choice) {
    Map<Carried<?>, Object> next = new HashMap<>(HERE.get());
    if (choice == null) {
      next.remove(this);
    } else {
      next.put(this, choice);
    }
    HERE.set(Map.copyOf(next));
  }

  /** All that the calling thread has chosen; whoever runs the result's work sees it meanwhile. */
  static Choices ofThisThread() {
    return new Choices(HERE.get());
  }

  /** What a thread had chosen at a time. */
  record Choices(Map<Carried<?>, Object> all) {

    void during(Runnable work) {
      Map<Carried<?>, Object> before = HERE.get();
      HERE.set(all);
      try {
        work.run();
      } finally {
        HERE.set(before);
      }
    }
  }
}
