package dev.lora4j.serve.jobs.upload;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.message.MessageParser;
import dev.lora4j.llm.tool.ToolFunction;
import java.util.List;
import java.util.Set;

/** OpenAI's rules for a conversation to learn. */
public final class ChatExample {
  private static final List<String> ROLES =
      List.of("system", "developer", "user", "assistant", "tool", "function");
  private static final String MESSAGES = "messages";
  private static final String TOOLS = "tools";
  private static final String PARALLEL = "parallel_tool_calls";
  private static final String ASSISTANT = "assistant";
  private static final Set<String> FIELDS = Set.of(MESSAGES, TOOLS, PARALLEL);

  private ChatExample() {}

  /**
   * Checks a line.
   *
   * @throws UserError naming the first field that is wrong
   */
  public static void check(ObjectNode row) {
    requireFields(row, FIELDS);
    JsonNode messages = row.path(MESSAGES);
    checkMessages(MESSAGES, messages);
    checkTools(row);
    boolean learns = false;
    for (JsonNode message : messages) {
      boolean weighted = !message.has("weight") || message.path("weight").asInt() == 1;
      learns |= isAssistant(message) && weighted;
    }
    if (!learns) {
      throw new UserError(
          "messages: no message of the assistant with weight 1, so there is nothing to learn");
    }
    if (!isAssistant(messages.get(messages.size() - 1))) {
      throw new UserError("messages: the last message must be from the assistant");
    }
  }

  static boolean isAssistant(JsonNode message) {
    return message.path("role").asText().equals(ASSISTANT);
  }

  static void requireFields(ObjectNode row, Set<String> known) {
    row.fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                throw new UserError("unknown field " + name + NearMiss.hint(name, known));
              }
            });
  }

  /**
   * Checks messages: OpenAI's roles and tool calls, then all that the reader of the data checks.
   */
  static void checkMessages(String field, JsonNode messages) {
    if (!messages.isArray() || messages.isEmpty()) {
      throw new UserError(field + ": expected a list of messages, each with role and content");
    }
    for (int i = 0; i < messages.size(); i++) {
      checkMessage("%s[%d]".formatted(field, i), messages.get(i));
    }
    new MessageParser().messages(field, messages);
  }

  private static void checkMessage(String place, JsonNode message) {
    JsonNode role = message.path("role");
    if (!role.isTextual() || !ROLES.contains(role.textValue())) {
      throw new UserError(
          "%s.role: expected one of %s, found %s".formatted(place, String.join(", ", ROLES), role));
    }
    if (message.has("weight") && !isAssistant(message)) {
      throw new UserError(place + ".weight: only messages of the assistant have a weight");
    }
    if (role.textValue().equals("tool") && !message.path("tool_call_id").isTextual()) {
      throw new UserError(place + ": a message of a tool needs a tool_call_id");
    }
    JsonNode calls = message.path("tool_calls");
    for (int i = 0; i < calls.size(); i++) {
      checkCall("%s.tool_calls[%d]".formatted(place, i), calls.path(i));
    }
  }

  private static void checkCall(String place, JsonNode call) {
    if (!call.path("id").isTextual() || !call.path("type").asText().equals("function")) {
      throw new UserError(place + ": expected an id, the type \"function\" and a function");
    }
    JsonNode function = call.path("function");
    if (!function.path("name").isTextual() || !function.path("arguments").isTextual()) {
      throw new UserError(
          place + ".function: expected a name, and arguments as a text of JSON; found " + function);
    }
  }

  /** Checks {@code tools} and {@code parallel_tool_calls}. */
  static void checkTools(ObjectNode row) {
    JsonNode tools = row.path(TOOLS);
    if (row.has(TOOLS) && !tools.isArray()) {
      throw new UserError("tools: expected a list of tools, found " + tools);
    }
    for (int i = 0; i < tools.size(); i++) {
      JsonNode function = tools.get(i).path("function");
      boolean well =
          tools.get(i).path("type").asText().equals("function")
              && ToolFunction.isName(function.path("name").asText())
              && (!function.has("parameters") || function.path("parameters").isObject());
      if (!well) {
        throw new UserError(
            "tools[%d]: expected the type \"function\" and a function with a name of letters, digits, '_' and '-', and parameters as an object"
                .formatted(i));
      }
    }
    if (row.has(PARALLEL) && !row.path(PARALLEL).isBoolean()) {
      throw new UserError(PARALLEL + ": expected true or false, found " + row.path(PARALLEL));
    }
  }
}
