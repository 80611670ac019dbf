package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallFormat;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.http.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * The shape of chat completions.
 *
 * @param logProbs whether choices have log-probabilities
 * @param toolCalls the format of tool calls; empty if the model can't call tools
 * @param tokenText the text of a token
 */
record ChatShape(
    boolean logProbs, Optional<ToolCallFormat> toolCalls, LongFunction<String> tokenText)
    implements CompletionShape {

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
      int index,
      String text,
      List<ToolCall> calls,
      List<PendingCompletion.Piece> pieces,
      String finish) {
    ObjectNode choice = Json.object().put("index", index);
    ObjectNode message = choice.putObject("message").put("role", "assistant");
    boolean callsOnly = text.isEmpty() && !calls.isEmpty();
    message.put("content", callsOnly ? null : text).putNull("refusal");
    if (!calls.isEmpty()) {
      ArrayNode all = message.putArray("tool_calls");
      calls.forEach(call -> put(all.addObject(), call));
    }
    putLogProbs(choice, pieces);
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
  public ObjectNode delta(
      int index, String text, int offset, List<PendingCompletion.Piece> pieces) {
    ObjectNode choice = Json.object().put("index", index);
    choice.putObject("delta").put("content", text);
    putLogProbs(choice, pieces);
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

  private void putLogProbs(ObjectNode choice, List<PendingCompletion.Piece> pieces) {
    if (!logProbs || pieces.isEmpty()) {
      choice.putNull("logprobs");
      return;
    }
    ObjectNode outer = choice.putObject("logprobs");
    ArrayNode content = outer.putArray("content");
    outer.putNull("refusal");
    for (PendingCompletion.Piece piece : pieces) {
      GeneratedToken token = piece.token();
      ArrayNode top =
          put(content.addObject(), token.id(), token.logProb()).putArray("top_logprobs");
      token.top().forEach(other -> put(top.addObject(), other.id(), other.logProb()));
    }
  }

  private ObjectNode put(ObjectNode node, long id, double logProb) {
    String text = tokenText.apply(id);
    node.put("token", text).put("logprob", logProb);
    ArrayNode bytes = node.putArray("bytes");
    for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(value & 0xff);
    }
    return node;
  }
}
