package dev.lora4j.serve.api;

import dev.lora4j.llm.chat.CompletionText;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A completion on its way from the scheduler's thread to that of the HTTP request. */
final class PendingCompletion implements GenerationListener {

  /** A part of the completion. */
  sealed interface Event {}

  /** A token and the text that it completes; a stop token has none. */
  record Piece(GeneratedToken token, String text) implements Event {}

  /** The end, with the remaining buffered text. */
  record End(FinishReason reason, String text) implements Event {}

  /** A failure. */
  record Failure(Throwable cause) implements Event {}

  private final CompletionText text;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private volatile boolean cancelled;

  PendingCompletion(CompletionText text) {
    this.text = text;
  }

  @Override
  public boolean onToken(GeneratedToken token) {
    events.add(new Piece(token, text.add(token.id())));
    return !cancelled && !text.isStopped();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(FinishReason reason) {
    boolean stopped = text.isStopped();
    events.add(new End(stopped ? FinishReason.STOP_STRING : reason, text.finish()));
  }

  @Override
  public void onFailure(Throwable failure) {
    events.add(new Failure(failure));
  }

  /** Stops the generation, because the client no longer waits for it. */
  void cancel() {
    cancelled = true;
  }

  /** Waits for the next event; empty if there is none within this time. */
  Optional<Event> next(long milliseconds) {
    try {
      return Optional.ofNullable(events.poll(milliseconds, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      cancel();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** OpenAI's {@code finish_reason}. */
  static String name(FinishReason reason) {
    return switch (reason) {
      case LENGTH, MAX_POSITIONS -> "length";
      case STOP_TOKEN, STOP_STRING, INTERRUPTED -> "stop";
    };
  }
}
