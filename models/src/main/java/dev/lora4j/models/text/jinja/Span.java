package dev.lora4j.models.text.jinja;

/**
 * A piece of a text.
 *
 * @param begin index of the first char
 * @param end index of the char after the last
 */
public record Span(int begin, int end) {}
