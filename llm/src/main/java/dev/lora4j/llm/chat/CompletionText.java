package dev.lora4j.llm.chat;

import dev.lora4j.llm.tokenizer.TextStream;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Collection;
import java.util.List;

/** The text of a completion, token by token, up to a stop token or a stop string. */
public final class CompletionText {
  private final TextStream stream;
  private final StopStrings stops;
  private final Collection<Long> stopTokens;

  public CompletionText(
      Tokenizer tokenizer, Collection<Long> stopTokens, List<String> stopStrings) {
    stream = tokenizer.stream();
    stops = new StopStrings(stopStrings);
    this.stopTokens = stopTokens;
  }

  /** Adds a token and returns the text that has become final, which may be empty. */
  public String add(long token) {
    return stopTokens.contains(token) ? "" : stops.add(stream.add(Math.toIntExact(token)));
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
