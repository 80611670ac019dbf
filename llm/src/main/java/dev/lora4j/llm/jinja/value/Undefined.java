package dev.lora4j.llm.jinja.value;

/**
 * The undefined value. It prints as an empty string and is false; accessing an attribute of it is
 * an error.
 *
 * @param what the name or path that is undefined
 */
public record Undefined(String what) {}
