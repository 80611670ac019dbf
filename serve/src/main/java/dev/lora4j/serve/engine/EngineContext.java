package dev.lora4j.serve.engine;

import java.util.concurrent.locks.ReentrantLock;

/**
 * The things that the engines of one server share: the processor, which they use in turn, a token
 * of a batch or a chunk of a prompt at a time, and the observer of their completions.
 */
public final class EngineContext {
  private final CompletionObserver observer;
  private final ReentrantLock processor = new ReentrantLock(/* fair= */ true);

  /** The use of the processor until it is closed. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  public EngineContext(CompletionObserver observer) {
    this.observer = observer;
  }

  /** The context of a single engine without an observer. */
  static EngineContext alone() {
    return new EngineContext((base, request) -> request.listener());
  }

  CompletionObserver observer() {
    return observer;
  }

  /** Waits for the other engines' steps. */
  Turn turn() {
    processor.lock();
    return processor::unlock;
  }
}
