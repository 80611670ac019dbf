package dev.lora4j.nn.runtime;

import org.jspecify.annotations.Nullable;

/** A value bound to the calling thread, in its {@link ExecutionContext}. */
public final class ContextVar<T> {
  private final boolean inherited;

  private ContextVar(boolean inherited) {
    this.inherited = inherited;
  }

  /** Returns a variable whose value worker threads inherit. */
  public static <T> ContextVar<T> inherited() {
    return new ContextVar<>(true);
  }

  /** Returns a variable whose value only the thread itself sees. */
  public static <T> ContextVar<T> ofThread() {
    return new ContextVar<>(false);
  }

  /** Returns the calling thread's value, null if it has none. */
  @SuppressWarnings("unchecked") // only set() binds, under its own key
  public @Nullable T get() {
    return (T) ExecutionContext.current().get(this);
  }

  /** Binds a value to the calling thread; null removes it. */
  public void set(@Nullable T value) {
    ExecutionContext.bind(this, value);
  }

  boolean isInherited() {
    return inherited;
  }
}
