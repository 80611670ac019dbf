package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The conversation of a request: {@code messages}, {@code tools} and {@code chat_template_kwargs}.
 *
 * @param variables of the chat template
 */
record ChatPrompt(List<Message> messages, Optional<ToolUse> tools, Map<String, Object> variables) {
  private static final String VARIABLES = "chat_template_kwargs";

  static ChatPrompt of(Params params) {
    return new ChatPrompt(ChatMessages.read(params), ToolUse.of(params), variables(params));
  }

  /** Returns the conversation of a request that may have none. */
  static Optional<ChatPrompt> ifPresent(Params params) {
    Optional<ToolUse> tools = ToolUse.of(params);
    Map<String, Object> variables = variables(params);
    return params
        .value("messages")
        .map(messages -> new ChatPrompt(ChatMessages.read(params), tools, variables));
  }

  private static Map<String, Object> variables(Params params) {
    Optional<JsonNode> given = params.value(VARIABLES);
    if (given.isEmpty()) {
      return Map.of();
    }
    if (!(given.get() instanceof ObjectNode object)) {
      throw Params.wrong(VARIABLES, "an object of the chat template's variables", given.get());
    }
    Map<String, Object> variables = new HashMap<>();
    Json.fields(object)
        .forEach((name, value) -> variables.put(name, value == null ? Optional.empty() : value));
    return variables;
  }

  /**
   * Returns the token ids of the prompt for the next answer.
   *
   * @throws ApiException if the chat template fails on the messages
   */
  int[] tokens(ChatFormat format) {
    ChatFormat own = format.with(variables);
    return rendered(
        () ->
            tools
                .map(use -> own.prompt(messages, use.tools()))
                .orElseGet(() -> own.prompt(messages)));
  }

  /**
   * Returns the text of the prompt for the next answer.
   *
   * @throws ApiException if the chat template fails on the messages
   */
  String text(ChatFormat format) {
    ChatTemplate template = format.with(variables).templateOrRefusal();
    return rendered(
        () ->
            tools
                .map(use -> template.with("tools", use.tools()))
                .orElse(template)
                .prompt(messages));
  }

  private static <T> T rendered(Supplier<T> prompt) {
    try {
      return prompt.get();
    } catch (UserError e) {
      throw ApiException.invalid("messages", String.valueOf(e.getMessage()));
    }
  }
}
