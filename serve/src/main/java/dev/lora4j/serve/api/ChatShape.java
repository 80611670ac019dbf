package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallFormat;
import dev.lora4j.serve.http.Json;
import java.util.List;
import java.util.Optional;

/**
 * The shape of chat completions.
 *
 * @param toolCalls the format of tool calls; empty if the model can't call tools
 */
record ChatShape(Optional<ToolCallFormat> toolCalls) implements CompletionShape {

  @Override
  public String idPrefix() {
    return "chatcmpl-";
  }

  @Override
  public String object(boolean chunk) {
    return chunk ? "chat.completion.chunk" : "chat.completion";
  }

  @Override
  public ObjectNode choice(
      int index, String text, List<ToolCall> calls, List<TokenLogProb> logProbs, String finish) {
    ObjectNode choice = Json.object().put("index", index);
    ObjectNode message = choice.putObject("message").put("role", "assistant");
    boolean callsOnly = text.isEmpty() && !calls.isEmpty();
    message.put("content", callsOnly ? null : text).putNull("refusal");
    if (!calls.isEmpty()) {
      ArrayNode all = message.putArray("tool_calls");
      calls.forEach(call -> put(all.addObject(), call));
    }
    putLogProbs(choice, logProbs);
    return choice.put("finish_reason", finish);
  }

  @Override
  public Optional<ObjectNode> opening(int index) {
    ObjectNode choice = Json.object().put("index", index);
    choice.putObject("delta").put("role", "assistant").put("content", "");
    putLogProbs(choice, List.of());
    return Optional.of(choice.putNull("finish_reason"));
  }

  @Override
  public ObjectNode delta(int index, String text, int offset, List<TokenLogProb> logProbs) {
    ObjectNode choice = Json.object().put("index", index);
    choice.putObject("delta").put("content", text);
    putLogProbs(choice, logProbs);
    return choice.putNull("finish_reason");
  }

  /** Each call comes whole, in one piece. */
  @Override
  public ObjectNode calls(int index, int before, List<ToolCall> calls) {
    ObjectNode choice = Json.object().put("index", index);
    ArrayNode all = choice.putObject("delta").putArray("tool_calls");
    for (ToolCall call : calls) {
      put(all.addObject().put("index", before + all.size() - 1), call);
    }
    choice.putNull("logprobs");
    return choice.putNull("finish_reason");
  }

  private void put(ObjectNode node, ToolCall call) {
    node.put("id", toolCalls.orElseThrow().newCallId()).put("type", "function");
    node.putObject("function").put("name", call.name()).put("arguments", call.arguments());
  }

  @Override
  public ObjectNode closing(int index, String finish) {
    ObjectNode choice = Json.object().put("index", index);
    choice.putObject("delta");
    choice.putNull("logprobs");
    return choice.put("finish_reason", finish);
  }

  private static void putLogProbs(ObjectNode choice, List<TokenLogProb> logProbs) {
    if (logProbs.isEmpty()) {
      choice.putNull("logprobs");
      return;
    }
    ObjectNode outer = choice.putObject("logprobs");
    ArrayNode content = outer.putArray("content");
    outer.putNull("refusal");
    for (TokenLogProb token : logProbs) {
      ArrayNode top = put(content.addObject(), token).putArray("top_logprobs");
      token.top().forEach(other -> put(top.addObject(), other));
    }
  }

  private static ObjectNode put(ObjectNode node, TokenLogProb token) {
    node.put("token", token.text()).put("logprob", token.logProb());
    token.bytes().forEach(node.putArray("bytes")::add);
    return node;
  }
}
