package dev.lora4j.langchain4j;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.lora4j.UserError;
import dev.lora4j.llm.tool.ToolFunction;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tools that a model may call.
 *
 * @param templateTools the tools as chat templates read them
 * @param required whether the answer has to call one
 */
record RequestedTools(
    List<ToolFunction> functions, List<Map<String, Object>> templateTools, boolean required) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads the tools of a request; empty if there are none, or the model must not call them.
   *
   * @throws UserError if a name is invalid, or calls are required without tools
   */
  static Optional<RequestedTools> of(ChatRequestParameters parameters) {
    List<ToolSpecification> tools =
        Optional.ofNullable(parameters.toolSpecifications()).orElse(List.of());
    ToolChoice choice = Optional.ofNullable(parameters.toolChoice()).orElse(ToolChoice.AUTO);
    if (tools.isEmpty() && choice == ToolChoice.REQUIRED) {
      throw new UserError("ToolChoice.REQUIRED needs toolSpecifications");
    }
    if (tools.isEmpty() || choice == ToolChoice.NONE) {
      return Optional.empty();
    }
    return Optional.of(
        new RequestedTools(
            tools.stream().map(RequestedTools::function).toList(),
            tools.stream().map(RequestedTools::templateTool).toList(),
            choice == ToolChoice.REQUIRED));
  }

  private static ToolFunction function(ToolSpecification tool) {
    return new ToolFunction(tool.name(), parameters(tool));
  }

  private static JsonNode parameters(ToolSpecification tool) {
    return Optional.ofNullable(tool.parameters())
        .map(SchemaJson::of)
        .orElseGet(ToolFunction::noParameters);
  }

  private static Map<String, Object> templateTool(ToolSpecification tool) {
    Map<String, Object> function = new LinkedHashMap<>();
    function.put("name", tool.name());
    Optional.ofNullable(tool.description())
        .ifPresent(description -> function.put("description", description));
    function.put(
        "parameters",
        JSON.convertValue(parameters(tool), new TypeReference<Map<String, Object>>() {}));
    Map<String, Object> wrapped = new LinkedHashMap<>();
    wrapped.put("type", "function");
    wrapped.put("function", function);
    return wrapped;
  }
}
