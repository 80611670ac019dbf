package dev.lora4j.llm.tool;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A function that a model can call.
 *
 * @param parameters the JSON Schema of its arguments
 */
public record ToolFunction(String name, JsonNode parameters) {}
