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
  private TextStream stream;

  public CompletionText(
      Tokenizer tokenizer, Collection<Long> stopTokens, List<String> stopStrings) {
    this(tokenizer, stopTokens, stopStrings, List.of());
  }

  /**
   * @param visible special tokens that are part of the text, such as the markers of tool calls
   */
  public CompletionText(
      Tokenizer tokenizer,
      Collection<Long> stopTokens,
      List<String> stopStrings,
      Collection<Long> visible) {
    this.tokenizer = tokenizer;
    stream = tokenizer.stream();
    stops = new StopStrings(stopStrings);
    this.stopTokens = stopTokens;
    this.visible = visible;
  }

  /** Adds a token and returns the text that has become final, which may be empty. */
  public String add(long token) {
    if (stopTokens.contains(token)) {
      return "";
    }
    int id = Math.toIntExact(token);
    if (!visible.contains(token)) {
      return stops.add(stream.add(id));
    }
    String before = stream.finish();
    stream = tokenizer.stream();
    return stops.add(before + tokenizer.decode(id));
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
