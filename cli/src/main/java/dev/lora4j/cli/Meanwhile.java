package dev.lora4j.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A value computed on another thread while the caller goes on. */
final class Meanwhile<T> {
  private final CompletableFuture<T> made;

  private Meanwhile(CompletableFuture<T> made) {
    this.made = made;
  }

  /** Starts the computation. */
  static <T> Meanwhile<T> make(Supplier<T> maker) {
    return new Meanwhile<>(CompletableFuture.supplyAsync(maker));
  }

  /**
   * Waits for the value.
   *
   * @throws RuntimeException the failure of the computation
   */
  T get() {
    try {
      return made.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException thrown) {
        throw thrown;
      }
      throw e;
    }
  }

  /** Waits until the computation has ended, successfully or not. */
  void await() {
    made.handle((value, failure) -> value).join();
  }

  /** Closes the value as soon as it is there. */
  @SuppressWarnings("FutureReturnValueIgnored") // neither the value nor a failure is needed
  void discard(Consumer<T> closing) {
    made.thenAccept(closing);
  }
}
