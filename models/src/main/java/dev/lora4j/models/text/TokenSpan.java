package dev.lora4j.models.text;

/**
 * A token and the piece of the text that it stands for.
 *
 * @param id the token
 * @param begin the first char of the piece, an index into the Java string
 * @param end the char after the last; equal to {@code begin} for a token that stands for no text
 */
record TokenSpan(int id, int begin, int end) {}
