package dev.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.lora4j.llm.dataset.message.ToolCalls;
import dev.lora4j.llm.tokenizer.Message;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The messages of LangChain4j as a chat template reads them. */
final class PromptMessages {
  private PromptMessages() {}

  static List<Message> of(List<ChatMessage> messages) {
    return messages.stream().map(PromptMessages::message).toList();
  }

  private static Message message(ChatMessage message) {
    if (message instanceof SystemMessage system) {
      return Message.system(system.text());
    }
    if (message instanceof UserMessage user) {
      return user(user);
    }
    if (message instanceof AiMessage answer) {
      return assistant(answer);
    }
    if (message instanceof ToolExecutionResultMessage result) {
      return tool(result);
    }
    throw SupportedFeatures.of(message.type());
  }

  private static Message user(UserMessage user) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("role", "user");
    Optional.ofNullable(user.name()).ifPresent(name -> fields.put("name", name));
    fields.put("content", text(user.contents()));
    return new Message(fields);
  }

  private static String text(List<Content> contents) {
    contents.forEach(content -> SupportedFeatures.require(content.type()));
    return contents.stream()
        .map(content -> ((TextContent) content).text())
        .collect(Collectors.joining("\n"));
  }

  private static Message assistant(AiMessage answer) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("role", "assistant");
    fields.put("content", Optional.ofNullable(answer.text()).orElse(""));
    if (answer.hasToolExecutionRequests()) {
      fields.put(
          "tool_calls",
          new ToolCalls("messages: an AiMessage")
              .of(answer.toolExecutionRequests().stream().map(PromptMessages::toolCall).toList()));
    }
    return new Message(fields);
  }

  private static Map<String, Object> toolCall(ToolExecutionRequest request) {
    Map<String, Object> call = new LinkedHashMap<>();
    Optional.ofNullable(request.id()).ifPresent(id -> call.put("id", id));
    call.put("type", "function");
    call.put("function", Map.of("name", request.name(), "arguments", request.arguments()));
    return call;
  }

  private static Message tool(ToolExecutionResultMessage result) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("role", "tool");
    fields.put("name", result.toolName());
    Optional.ofNullable(result.id()).ifPresent(id -> fields.put("tool_call_id", id));
    fields.put("content", text(result.contents()));
    return new Message(fields);
  }
}
