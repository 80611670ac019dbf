package dev.lora4j.nn.runtime;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The values bound to a thread, one for each {@link ContextVar}: an immutable snapshot. Worker
 * threads inherit the active adapters; a thread's gradient buffer, random generator, autograd
 * context and thread team are its own, and so is the choice to create networks without values.
 */
final class ExecutionContext {
  private static final ExecutionContext EMPTY = new ExecutionContext(Map.of());
  private static final ThreadLocal<ExecutionContext> CURRENT = ThreadLocal.withInitial(() -> EMPTY);

  private final Map<ContextVar<?>, Object> values;

  private ExecutionContext(Map<ContextVar<?>, Object> values) {
    this.values = values;
  }

  static ExecutionContext current() {
    return CURRENT.get();
  }

  /** Returns the values of the calling thread that its worker threads inherit. */
  static ExecutionContext inherited() {
    return new ExecutionContext(
        current().values.entrySet().stream()
            .filter(entry -> entry.getKey().isInherited())
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue)));
  }

  /** Runs a task on the calling thread with these values instead of its own. */
  void run(Runnable task) {
    ExecutionContext before = current();
    CURRENT.set(this);
    try {
      task.run();
    } finally {
      CURRENT.set(before);
    }
  }

  @Nullable Object get(ContextVar<?> variable) {
    return values.get(variable);
  }

  /** Binds a value to the calling thread; null removes it. */
  static void bind(ContextVar<?> variable, @Nullable Object value) {
    Map<ContextVar<?>, Object> next = new HashMap<>(current().values);
    if (value == null) {
      next.remove(variable);
    } else {
      next.put(variable, value);
    }
    CURRENT.set(next.isEmpty() ? EMPTY : new ExecutionContext(next));
  }
}
