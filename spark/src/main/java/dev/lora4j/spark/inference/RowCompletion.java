package dev.lora4j.spark.inference;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** The completion of a row, on its way from the engine's thread. */
final class RowCompletion implements GenerationListener {
  private final CompletionParser parser;
  private final StringBuilder text = new StringBuilder(); // of the engine's thread
  private final CompletableFuture<String> result = new CompletableFuture<>();
  private volatile boolean cancelled;

  RowCompletion(CompletionParser parser) {
    this.parser = parser;
  }

  @Override
  public boolean onToken(GeneratedToken token) {
    add(parser.add(token.id()));
    return !cancelled && !parser.isComplete();
  }

  private void add(Parsed parsed) {
    text.append(parsed.text());
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(FinishReason reason) {
    add(parser.finish());
    result.complete(text.toString());
  }

  @Override
  public void onFailure(Throwable failure) {
    result.completeExceptionally(failure);
  }

  void cancel() {
    cancelled = true;
  }

  /** Waits for the text. */
  String await() {
    try {
      return result.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }
}
