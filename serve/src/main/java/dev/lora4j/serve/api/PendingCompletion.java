package dev.lora4j.serve.api;

import dev.lora4j.llm.chat.CompletionText;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.Queue;
import java.util.Set;

/** A completion on its way from the scheduler's thread to that of the HTTP request. */
final class PendingCompletion implements GenerationListener {

  /** Something that happened to one of a job's completions. */
  sealed interface Event {
    /** Number of the completion. */
    int index();
  }

  /** A token, not a stop token, and the text that is certain with it; it may be empty. */
  record Piece(int index, GeneratedToken token, String text) implements Event {}

  /** The end, with the text that was held back and the number of tokens, a stop token included. */
  record End(int index, FinishReason reason, String text, int tokens) implements Event {}

  /** A failure. */
  record Failure(int index, Throwable cause) implements Event {}

  private final int index;
  private final CompletionText text;
  private final Set<Long> stopTokens;
  private final Queue<Event> events;
  private volatile boolean cancelled;
  private int tokens;

  PendingCompletion(int index, CompletionText text, Set<Long> stopTokens, Queue<Event> events) {
    this.index = index;
    this.text = text;
    this.stopTokens = stopTokens;
    this.events = events;
  }

  @Override
  public boolean onToken(GeneratedToken token) {
    tokens++;
    if (!stopTokens.contains(token.id())) {
      events.add(new Piece(index, token, text.add(token.id())));
    }
    return !cancelled && !text.isStopped();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(FinishReason reason) {
    FinishReason why = text.isStopped() ? FinishReason.STOP_STRING : reason;
    events.add(new End(index, why, text.finish(), tokens));
  }

  @Override
  public void onFailure(Throwable failure) {
    events.add(new Failure(index, failure));
  }

  void cancel() {
    cancelled = true;
  }

  /** OpenAI's {@code finish_reason}. */
  static String name(FinishReason reason) {
    return switch (reason) {
      case LENGTH, MAX_POSITIONS -> "length";
      case STOP_TOKEN, STOP_STRING, COMPLETE, INTERRUPTED -> "stop";
    };
  }
}
