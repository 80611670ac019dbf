package dev.lora4j.llm.chat;

import dev.lora4j.llm.tokenizer.TextStream;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Collection;
import java.util.List;

/** The text of a completion, token by token, up to a stop token or a stop string. */
public final class CompletionText {
  private final Tokenizer tokenizer;
  private final StopStrings stops;
  private final Collection<Long> stopTokens;
  private final Collection<Long> visible;
  private final int minTokens;
  private TextStream stream;
  private int tokens;

  public CompletionText(
      Tokenizer tokenizer, Collection<Long> stopTokens, List<String> stopStrings) {
    this(tokenizer, stopTokens, stopStrings, List.of(), 0);
  }

  /**
   * @param visible special tokens that are part of the text, such as the markers of tool calls
   * @param minTokens number of tokens before which a stop string is text like any other
   */
  public CompletionText(
      Tokenizer tokenizer,
      Collection<Long> stopTokens,
      List<String> stopStrings,
      Collection<Long> visible,
      int minTokens) {
    this.tokenizer = tokenizer;
    stream = tokenizer.stream();
    stops = new StopStrings(stopStrings);
    this.stopTokens = stopTokens;
    this.visible = visible;
    this.minTokens = minTokens;
  }

  /** Adds a token and returns the text that has become final, which may be empty. */
  public String add(long token) {
    if (stopTokens.contains(token)) {
      return "";
    }
    tokens++;
    String text = text(token);
    return tokens < minTokens ? text : stops.add(text);
  }

  private String text(long token) {
    int id = Math.toIntExact(token);
    if (!visible.contains(token)) {
      return stream.add(id);
    }
    String before = stream.finish();
    stream = tokenizer.stream();
    return before + tokenizer.decode(id);
  }

  /** Returns whether a stop string has occurred. */
  public boolean isStopped() {
    return stops.found();
  }

  /** Returns the buffered text at the end of the completion. */
  public String finish() {
    if (stops.found()) {
      return "";
    }
    String rest = stops.add(stream.finish());
    return stops.found() ? rest : rest + stops.finish();
  }
}
