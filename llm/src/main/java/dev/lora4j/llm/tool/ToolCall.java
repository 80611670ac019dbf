package dev.lora4j.llm.tool;

/**
 * A call of a tool by a model.
 *
 * @param name the function
 * @param arguments a JSON object
 */
public record ToolCall(String name, String arguments) {}
