package dev.lora4j.models.text.jinja;

/**
 * The value of what has none. It prints as nothing and counts as false; to look into it is an
 * error.
 *
 * @param what the name or path that led to nothing
 */
record Undefined(String what) {}
