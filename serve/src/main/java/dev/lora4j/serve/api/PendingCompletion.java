package dev.lora4j.serve.api;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.Function;

/** A completion on its way from the scheduler's thread to that of the HTTP request. */
final class PendingCompletion implements GenerationListener {

  /** Something that happened to one of a job's completions. */
  sealed interface Event {
    /** Number of the completion. */
    int index();
  }

  /**
   * A token, not a stop token; the text that is certain with it, which may be empty, and the tool
   * calls after the text.
   *
   * @param logProb the token's log-probability; empty unless the request asks for it
   */
  record Piece(int index, Optional<TokenLogProb> logProb, Parsed parsed) implements Event {}

  /**
   * The end, with the text that was not certain before and the number of tokens, a stop token
   * included.
   *
   * @param finish OpenAI's {@code finish_reason}
   * @param cached number of the prompt's tokens whose keys and values were cached
   */
  record End(int index, String finish, Parsed parsed, int tokens, long cached) implements Event {}

  /** A failure. */
  record Failure(int index, Throwable cause) implements Event {}

  private final int index;
  private final Set<Long> stopTokens;
  private final CompletionParser parser;
  private final Function<GeneratedToken, Optional<TokenLogProb>> logProbs;
  private final Queue<Event> events;
  private volatile boolean cancelled;
  private int tokens;
  private long cached;

  PendingCompletion(
      int index,
      CompletionParser parser,
      Set<Long> stopTokens,
      Function<GeneratedToken, Optional<TokenLogProb>> logProbs,
      Queue<Event> events) {
    this.index = index;
    this.parser = parser;
    this.stopTokens = stopTokens;
    this.logProbs = logProbs;
    this.events = events;
  }

  @Override
  public void onPrefilled(long cachedTokens) {
    cached = cachedTokens;
  }

  @Override
  public boolean onToken(GeneratedToken token) {
    tokens++;
    if (!stopTokens.contains(token.id())) {
      events.add(new Piece(index, logProbs.apply(token), parser.add(token.id())));
    }
    return !cancelled && !parser.isComplete();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(FinishReason reason) {
    FinishReason why = parser.isStopped() ? FinishReason.STOP_STRING : reason;
    Parsed parsed = parser.finish();
    String finish = name(why);
    boolean called = parser.hasCalls() && finish.equals("stop");
    events.add(new End(index, called ? "tool_calls" : finish, parsed, tokens, cached));
  }

  @Override
  public void onFailure(Throwable failure) {
    events.add(new Failure(index, failure));
  }

  void cancel() {
    cancelled = true;
  }

  private static String name(FinishReason reason) {
    return switch (reason) {
      case LENGTH, MAX_POSITIONS -> "length";
      case STOP_TOKEN, STOP_STRING, COMPLETE, INTERRUPTED -> "stop";
    };
  }
}
