package dev.lora4j.llm.tool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lora4j.UserError;

/**
 * A function that a model can call.
 *
 * @param name 1 to 64 letters, digits, _ and -
 * @param parameters the JSON Schema of its arguments
 */
public record ToolFunction(String name, JsonNode parameters) {
  /**
   * @throws UserError if the name is invalid
   */
  public ToolFunction {
    if (!isName(name)) {
      throw new UserError(
          "the name of a function has 1 to 64 letters, digits, _ and -; found '" + name + "'");
    }
  }

  /** Returns whether a function can have this name. */
  public static boolean isName(String name) {
    return name.matches("[a-zA-Z0-9_-]{1,64}");
  }

  /** The JSON Schema of a function without parameters. */
  public static JsonNode noParameters() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "object")
        .put("additionalProperties", false);
  }
}
