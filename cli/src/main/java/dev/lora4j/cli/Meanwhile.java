package dev.lora4j.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Something that is made beside what the caller does until it is wanted. */
final class Meanwhile<T> {
  private final CompletableFuture<T> made;

  private Meanwhile(CompletableFuture<T> made) {
    this.made = made;
  }

  /** Begins to make it. */
  static <T> Meanwhile<T> make(Supplier<T> maker) {
    return new Meanwhile<>(CompletableFuture.supplyAsync(maker));
  }

  /**
   * Waits until it is made.
   *
   * @throws RuntimeException what its maker threw
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

  /** Waits until nobody makes it any more, whether it was made or not. */
  void await() {
    made.handle((value, failure) -> value).join();
  }

  /** Lets go of it as soon as it is made, if it ever is. */
  @SuppressWarnings("FutureReturnValueIgnored") // nobody wants it any more, nor its failure
  void discard(Consumer<T> closing) {
    made.thenAccept(closing);
  }
}
