package dev.lora4j.llm.tokenizer;

/**
 * A token with its span of the text.
 *
 * @param id the token
 * @param begin first char, an index into the Java string
 * @param end char after the last; equal to {@code begin} for a token without text
 */
public record TokenSpan(int id, int begin, int end) {}
