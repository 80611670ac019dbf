package dev.lora4j.serve.engine;

import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallParser;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Separates the text of a streamed completion from its tool calls. */
public final class CompletionParser {
  private final Optional<ToolCallParser> parser;
  private final boolean severalCalls;
  private int calls;

  public CompletionParser(OutputRules rules) {
    parser = rules.toolCalls().map(ToolCallParser::new);
    severalCalls = rules.severalCalls();
  }

  /** Adds a piece of the completion and returns the text and the calls that are certain with it. */
  public Parsed add(String piece) {
    return counted(parser.map(one -> one.add(piece)).orElseGet(() -> new Parsed(piece, List.of())));
  }

  /** Adds the last piece and returns the rest. */
  public Parsed finish(String piece) {
    Parsed before = add(piece);
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

  /** Returns whether the completion has all the calls that it may have. */
  public boolean isComplete() {
    return hasCalls() && !severalCalls;
  }
}
