package dev.lora4j.models.text.jinja;

/**
 * A span of text.
 *
 * @param begin index of the first char
 * @param end index after the last char
 */
public record Span(int begin, int end) {}
