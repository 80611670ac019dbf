package dev.lora4j.llm.jinja.value;

/**
 * A span of text.
 *
 * @param begin index of the first char
 * @param end index after the last char
 */
public record OutputSpan(int begin, int end) {}
