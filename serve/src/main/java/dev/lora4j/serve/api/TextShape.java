package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.serve.http.Json;
import java.util.List;
import java.util.Optional;

/**
 * The shape of text completions.
 *
 * @param echo the prompt, if answers repeat it
 */
record TextShape(String echo) implements CompletionShape {

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
      int index, String text, List<ToolCall> calls, List<TokenLogProb> logProbs, String finish) {
    return choice(index, echo + text, 0, logProbs).put("finish_reason", finish);
  }

  @Override
  public Optional<ObjectNode> opening(int index) {
    return echo.isEmpty()
        ? Optional.empty()
        : Optional.of(choice(index, echo, 0, List.of()).putNull("finish_reason"));
  }

  @Override
  public ObjectNode delta(int index, String text, int offset, List<TokenLogProb> logProbs) {
    return choice(index, text, offset, logProbs).putNull("finish_reason");
  }

  @Override
  public ObjectNode calls(int index, int before, List<ToolCall> calls) {
    throw new IllegalStateException("text completions have no tool calls");
  }

  @Override
  public ObjectNode closing(int index, String finish) {
    return choice(index, "", 0, List.of()).put("finish_reason", finish);
  }

  private ObjectNode choice(int index, String text, int before, List<TokenLogProb> logProbs) {
    ObjectNode choice = Json.object().put("text", text).put("index", index);
    if (logProbs.isEmpty()) {
      choice.putNull("logprobs");
      return choice;
    }
    ObjectNode outer = choice.putObject("logprobs");
    ArrayNode tokens = outer.putArray("tokens");
    ArrayNode tokenLogProbs = outer.putArray("token_logprobs");
    ArrayNode top = outer.putArray("top_logprobs");
    ArrayNode offsets = outer.putArray("text_offset");
    int offset = echo.length() + before;
    for (TokenLogProb token : logProbs) {
      tokens.add(token.text());
      tokenLogProbs.add(token.logProb());
      ObjectNode others = top.addObject();
      token.top().forEach(other -> others.put(other.text(), other.logProb()));
      offsets.add(offset);
      offset += token.text().length();
    }
    return choice;
  }
}
