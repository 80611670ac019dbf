package dev.lora4j.spark.inference;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;

/** The completion of a row, on its way from the engine's thread. */
final class RowCompletion implements GenerationListener {
  private static final long POLL_MILLIS = 200;

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

  /**
   * Waits for the text.
   *
   * @throws TaskKilledException if Spark ends the task
   */
  String await() {
    try {
      while (!result.isDone()) {
        requireAlive();
        waitBriefly();
      }
      return result.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TaskKilledException("interrupted while generating");
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /** Spark marks a killed task, but interrupts its thread only if it is set to. */
  private static void requireAlive() {
    TaskContext task = TaskContext.get();
    if (task != null && task.isInterrupted()) {
      throw new TaskKilledException("killed while generating");
    }
  }

  private void waitBriefly() throws InterruptedException {
    try {
      result.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return; // join has the result, once it is there
    }
  }
}
