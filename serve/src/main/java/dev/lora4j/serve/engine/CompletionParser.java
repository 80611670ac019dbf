package dev.lora4j.serve.engine;

import dev.lora4j.llm.chat.CompletionText;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallParser;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads a completion token by token, and separates its text from its tool calls. */
public final class CompletionParser {
  private final CompletionText text;
  private final Optional<ToolCallParser> parser;
  private final boolean severalCalls;
  private int calls;

  /** Reads a completion that may stop with its first token. */
  public CompletionParser(
      Tokenizer tokenizer, Set<Long> stopTokens, List<String> stopStrings, OutputRules rules) {
    this(tokenizer, stopTokens, stopStrings, 0, rules);
  }

  /**
   * @param stopTokens tokens that end the completion
   * @param stopStrings texts that end it
   * @param minTokens number of tokens before which no stop string ends it
   * @param rules the form of its text
   */
  public CompletionParser(
      Tokenizer tokenizer,
      Set<Long> stopTokens,
      List<String> stopStrings,
      int minTokens,
      OutputRules rules) {
    text =
        new CompletionText(tokenizer, stopTokens, stopStrings, rules.markers(tokenizer), minTokens);
    parser = rules.toolCalls().map(ToolCallParser::new);
    severalCalls = rules.severalCalls();
  }

  /** Adds a token and returns the text and the calls that are certain with it. */
  public Parsed add(long token) {
    return parsed(text.add(token));
  }

  private Parsed parsed(String piece) {
    return counted(parser.map(one -> one.add(piece)).orElseGet(() -> new Parsed(piece, List.of())));
  }

  /** Returns the rest at the end of the completion. */
  public Parsed finish() {
    Parsed before = parsed(text.finish());
    Parsed after =
        counted(parser.map(ToolCallParser::finish).orElseGet(() -> new Parsed("", List.of())));
    List<ToolCall> all = new ArrayList<>(before.calls());
    all.addAll(after.calls());
    return new Parsed(before.text() + after.text(), all);
  }

  /** Leaves out all calls but the first, unless there may be several. */
  private Parsed counted(Parsed parsed) {
    int most = severalCalls ? Integer.MAX_VALUE : 1 - calls;
    List<ToolCall> kept = parsed.calls().stream().limit(most).toList();
    calls += kept.size();
    return new Parsed(parsed.text(), kept);
  }

  /** Returns whether there has been a call. */
  public boolean hasCalls() {
    return calls > 0;
  }

  /** Returns whether a stop string has occurred. */
  public boolean isStopped() {
    return text.isStopped();
  }

  /** Returns whether the completion ends: at a stop string, or with all the calls it may have. */
  public boolean isComplete() {
    return isStopped() || (hasCalls() && !severalCalls);
  }
}
