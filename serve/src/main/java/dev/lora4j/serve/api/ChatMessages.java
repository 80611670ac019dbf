package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.message.ToolCalls;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Reads OpenAI's chat messages. */
final class ChatMessages {
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function");

  private ChatMessages() {}

  static List<Message> read(Params params) {
    JsonNode given = params.required("messages");
    if (!given.isArray() || given.isEmpty()) {
      throw ApiException.invalid("messages", "messages: expected a list with at least one message");
    }
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      messages.add(message("messages[" + i + "]", given.get(i)));
    }
    return messages;
  }

  private static Message message(String place, JsonNode given) {
    if (!(given instanceof ObjectNode object)) {
      throw Params.wrong(place, "an object with role and content", given);
    }
    ObjectNode message = object.deepCopy();
    JsonNode role = message.path("role");
    if (!role.isTextual() || !ROLES.contains(role.textValue())) {
      throw ApiException.invalid(
          place + ".role",
          "%s.role: expected one of %s, found %s"
              .formatted(place, ROLES.stream().sorted().toList(), role));
    }
    if (role.textValue().equals("developer")) {
      message.put("role", "system");
    }
    new Params(object, place).text("tool_call_id"); // which only the chat template reads
    message.put("content", content(place + ".content", message));
    Map<String, Object> fields = Json.fields(message);
    if (message.path("tool_calls").isArray()) {
      fields.put("tool_calls", toolCalls(place, fields.getOrDefault("tool_calls", List.of())));
    } else {
      fields.remove("tool_calls"); // templates ask whether the key is there
    }
    return new Message(fields);
  }

  /** The calls with their arguments as objects, as chat templates read them. */
  private static List<Object> toolCalls(String place, Object calls) {
    try {
      return new ToolCalls(place).of(calls);
    } catch (UserError e) {
      throw ApiException.invalid(place + ".tool_calls", String.valueOf(e.getMessage()));
    }
  }

  /** A message's text: a string, or parts of type text. */
  private static String content(String place, ObjectNode message) {
    JsonNode content = message.path("content");
    if (content.isTextual()) {
      return content.textValue();
    }
    if (content instanceof ArrayNode parts) {
      return StreamSupport.stream(parts.spliterator(), false)
          .map(part -> part(place, part))
          .collect(Collectors.joining());
    }
    if (message.path("tool_calls").isArray() && (content.isNull() || content.isMissingNode())) {
      return "";
    }
    throw Params.wrong(place, "a string or a list of parts", content);
  }

  private static String part(String place, JsonNode part) {
    if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
      throw ApiException.invalid(
          place,
          "%s: only parts of type text are supported, found %s"
              .formatted(place, part.path("type")));
    }
    return part.path("text").textValue();
  }
}
