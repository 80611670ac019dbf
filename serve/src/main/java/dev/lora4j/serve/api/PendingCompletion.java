package dev.lora4j.serve.api;

import dev.lora4j.llm.chat.CompletionText;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallParser;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;

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
   */
  record Piece(int index, GeneratedToken token, Parsed parsed) implements Event {}

  /**
   * The end, with what was held back and the number of tokens, a stop token included.
   *
   * @param finish OpenAI's {@code finish_reason}
   * @param cached number of the prompt's tokens whose keys and values were cached
   */
  record End(int index, String finish, Parsed parsed, int tokens, long cached) implements Event {}

  /** A failure. */
  record Failure(int index, Throwable cause) implements Event {}

  private final int index;
  private final CompletionText text;
  private final Set<Long> stopTokens;
  private final Optional<ToolCallParser> toolCalls;
  private final boolean severalCalls;
  private final Queue<Event> events;
  private volatile boolean cancelled;
  private int tokens;
  private long cached;
  private int calls;

  PendingCompletion(
      int index,
      CompletionText text,
      Set<Long> stopTokens,
      OutputRules rules,
      Queue<Event> events) {
    this.index = index;
    this.text = text;
    this.stopTokens = stopTokens;
    toolCalls = rules.toolCalls().map(ToolCallParser::new);
    severalCalls = rules.severalCalls();
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
      String more = text.add(token.id());
      Parsed parsed =
          toolCalls.map(parser -> parser.add(more)).orElseGet(() -> new Parsed(more, List.of()));
      events.add(new Piece(index, token, counted(parsed)));
    }
    return !cancelled && !text.isStopped() && (severalCalls || calls == 0);
  }

  /** Leaves out all calls but the first, unless there may be several. */
  private Parsed counted(Parsed parsed) {
    int most = severalCalls ? Integer.MAX_VALUE : 1 - calls;
    List<ToolCall> kept = parsed.calls().stream().limit(most).toList();
    calls += kept.size();
    return new Parsed(parsed.text(), kept);
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(FinishReason reason) {
    FinishReason why = text.isStopped() ? FinishReason.STOP_STRING : reason;
    Parsed parsed = counted(last(text.finish()));
    String finish = name(why);
    boolean called = calls > 0 && finish.equals("stop");
    events.add(new End(index, called ? "tool_calls" : finish, parsed, tokens, cached));
  }

  private Parsed last(String rest) {
    if (toolCalls.isEmpty()) {
      return new Parsed(rest, List.of());
    }
    Parsed before = toolCalls.get().add(rest);
    Parsed after = toolCalls.get().finish();
    List<ToolCall> all = new ArrayList<>(before.calls());
    all.addAll(after.calls());
    return new Parsed(before.text() + after.text(), all);
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
