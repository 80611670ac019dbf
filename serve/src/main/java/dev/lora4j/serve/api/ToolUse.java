package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tool.ToolFunction;
import dev.lora4j.serve.engine.ConstraintCache;
import dev.lora4j.serve.engine.OutputRules;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The request's {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}.
 *
 * @param tools as given, for the chat template
 * @param required the functions of which the answer has to call one; empty if it may be text
 * @param several whether the answer may have more than one call
 */
record ToolUse(List<Object> tools, List<ToolFunction> required, boolean several) {
  private static final String TOOLS = "tools";
  private static final String CHOICE = "tool_choice";
  private static final int MAX_TOOLS = 128;
  private static final int MAX_SIZE = 1 << 18;

  /** Reads the tools; empty if there are none, or the model must not call them. */
  static Optional<ToolUse> of(Params params) {
    List<ToolFunction> functions = functions(params.value(TOOLS));
    Optional<JsonNode> choice = params.value(CHOICE);
    boolean several =
        params.value("parallel_tool_calls").isEmpty() || params.flag("parallel_tool_calls");
    if (functions.isEmpty()) {
      choice
          .filter(value -> !value.asText().equals("none") && !value.asText().equals("auto"))
          .ifPresent(
              value -> {
                throw ApiException.invalid(CHOICE, "tool_choice needs tools");
              });
      return Optional.empty();
    }
    if (choice.isPresent() && choice.get().asText().equals("none")) {
      return Optional.empty();
    }
    List<Object> tools = new ArrayList<>();
    params.required(TOOLS).forEach(tool -> tools.add(Json.fields(tool)));
    if (choice.isPresent() && choice.get().isObject()) {
      return Optional.of(new ToolUse(tools, List.of(named(choice.get(), functions)), false));
    }
    return Optional.of(new ToolUse(tools, isRequired(choice) ? functions : List.of(), several));
  }

  private static boolean isRequired(Optional<JsonNode> choice) {
    String mode = choice.map(JsonNode::asText).orElse("auto");
    if (!mode.equals("auto") && !mode.equals("required")) {
      throw ApiException.invalid(
          CHOICE,
          "tool_choice: expected none, auto, required or a function, found "
              + choice.orElseThrow());
    }
    return mode.equals("required");
  }

  private static ToolFunction named(JsonNode choice, List<ToolFunction> functions) {
    String name = choice.path("function").path("name").asText();
    if (!choice.path("type").asText().equals("function") || name.isEmpty()) {
      throw ApiException.invalid(
          CHOICE,
          "tool_choice: expected {\"type\": \"function\", \"function\": {\"name\": …}}, found "
              + choice);
    }
    return functions.stream()
        .filter(function -> function.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                ApiException.invalid(
                    CHOICE,
                    "tool_choice: there is no function %s in tools%s"
                        .formatted(
                            name,
                            NearMiss.hint(
                                name, functions.stream().map(ToolFunction::name).toList()))));
  }

  // ---- functions ----

  private static List<ToolFunction> functions(Optional<JsonNode> given) {
    if (given.isEmpty()) {
      return List.of();
    }
    if (!given.get().isArray()) {
      throw Params.wrong(TOOLS, "a list of tools", given.get());
    }
    if (given.get().size() > MAX_TOOLS || given.get().toString().length() > MAX_SIZE) {
      throw ApiException.invalid(
          TOOLS,
          "tools: at most %d tools of %d characters in total".formatted(MAX_TOOLS, MAX_SIZE));
    }
    List<ToolFunction> functions = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (JsonNode tool : given.get()) {
      ToolFunction function = function("tools[" + functions.size() + "]", tool);
      if (!names.add(function.name())) {
        String place = "tools[" + functions.size() + "].function.name";
        throw ApiException.invalid(
            place, "%s: the name %s is there twice".formatted(place, function.name()));
      }
      functions.add(function);
    }
    return functions;
  }

  private static ToolFunction function(String place, JsonNode tool) {
    if (!tool.path("type").asText().equals("function")) {
      throw ApiException.invalid(
          place + ".type", place + ".type: only tools of type function are supported");
    }
    JsonNode function = tool.path("function");
    String name = function.path("name").asText();
    if (!function.path("name").isTextual() || !ToolFunction.isName(name)) {
      throw ApiException.invalid(
          place + ".function.name",
          place + ".function.name: expected 1 to 64 letters, digits, _ and -");
    }
    Params optional = new Params((ObjectNode) function, place + ".function");
    optional.text("description"); // which only the chat template reads
    optional.flag("strict"); // calls that are required are strict in any case
    JsonNode parameters = function.path("parameters");
    if (!parameters.isObject() && !parameters.isMissingNode() && !parameters.isNull()) {
      throw Params.wrong(place + ".function.parameters", "a JSON Schema, an object", parameters);
    }
    return new ToolFunction(name, parameters.isObject() ? parameters : ToolFunction.noParameters());
  }

  // ---- answers ----

  /**
   * Returns the form of answers with calls.
   *
   * @throws ApiException if the chat template does not support tools, or a function's parameters
   *     can't be enforced
   */
  OutputRules rules(ChatFormat chat, ConstraintCache cache) {
    try {
      return required.isEmpty()
          ? OutputRules.optionalCalls(chat, several)
          : OutputRules.requiredCalls(chat, cache, required, several);
    } catch (UserError e) {
      throw ApiException.invalid(TOOLS, "tools: " + e.getMessage());
    }
  }
}
