package dev.lora4j.llm.chat;

import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A tokenizer that is read on a thread of its own while the weights are loaded. */
final class PendingTokenizer implements AutoCloseable {
  private final CompletableFuture<Tokenizer> tokenizer = new CompletableFuture<>();

  private PendingTokenizer() {}

  static PendingTokenizer of(ModelFiles files) {
    PendingTokenizer pending = new PendingTokenizer();
    Thread thread = new Thread(() -> pending.read(files), "lora4j-tokenizer");
    thread.setDaemon(true);
    thread.start();
    return pending;
  }

  private void read(ModelFiles files) {
    try {
      tokenizer.complete(Tokenizer.load(files));
    } catch (RuntimeException | Error e) {
      tokenizer.completeExceptionally(e);
    }
  }

  /** Waits for the tokenizer; throws what reading it has thrown. */
  Tokenizer get() {
    try {
      return tokenizer.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw e;
    }
  }

  /** Waits for the tokenizer and frees it, if it could be read. */
  @Override
  public void close() {
    tokenizer
        .handle((read, failure) -> Optional.ofNullable(read))
        .join()
        .ifPresent(Tokenizer::close);
  }
}
