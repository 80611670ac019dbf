package dev.lora4j.models.text.jinja;

/**
 * The undefined value. It prints as an empty string and is false; accessing an attribute of it is
 * an error.
 *
 * @param what the name or path that is undefined
 */
record Undefined(String what) {}
