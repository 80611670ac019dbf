package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.http.Json;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * The shape of text completions.
 *
 * @param logProbs whether choices have log-probabilities
 * @param echo the prompt, if answers repeat it
 * @param tokenText the text of a token
 */
record TextShape(boolean logProbs, String echo, LongFunction<String> tokenText)
    implements CompletionShape {

  @Override
  public String idPrefix() {
    return "cmpl-";
  }

  @Override
  public String object(boolean chunk) {
    return "text_completion";
  }

  @Override
  public ObjectNode choice(
      int index,
      String text,
      List<ToolCall> calls,
      List<PendingCompletion.Piece> pieces,
      String finish) {
    return choice(index, echo + text, 0, pieces).put("finish_reason", finish);
  }

  @Override
  public Optional<ObjectNode> opening(int index) {
    return echo.isEmpty()
        ? Optional.empty()
        : Optional.of(choice(index, echo, 0, List.of()).putNull("finish_reason"));
  }

  @Override
  public ObjectNode delta(
      int index, String text, int offset, List<PendingCompletion.Piece> pieces) {
    return choice(index, text, offset, pieces).putNull("finish_reason");
  }

  @Override
  public ObjectNode calls(int index, int before, List<ToolCall> calls) {
    throw new IllegalStateException("text completions have no tool calls");
  }

  @Override
  public ObjectNode closing(int index, String finish) {
    return choice(index, "", 0, List.of()).put("finish_reason", finish);
  }

  private ObjectNode choice(
      int index, String text, int before, List<PendingCompletion.Piece> pieces) {
    ObjectNode choice = Json.object().put("text", text).put("index", index);
    if (!logProbs || pieces.isEmpty()) {
      choice.putNull("logprobs");
      return choice;
    }
    ObjectNode outer = choice.putObject("logprobs");
    ArrayNode tokens = outer.putArray("tokens");
    ArrayNode tokenLogProbs = outer.putArray("token_logprobs");
    ArrayNode top = outer.putArray("top_logprobs");
    ArrayNode offsets = outer.putArray("text_offset");
    int offset = echo.length() + before;
    for (PendingCompletion.Piece piece : pieces) {
      GeneratedToken token = piece.token();
      String tokenText = this.tokenText.apply(token.id());
      tokens.add(tokenText);
      tokenLogProbs.add(token.logProb());
      ObjectNode others = top.addObject();
      token.top().forEach(other -> others.put(this.tokenText.apply(other.id()), other.logProb()));
      offsets.add(offset);
      offset += tokenText.length();
    }
    return choice;
  }
}
