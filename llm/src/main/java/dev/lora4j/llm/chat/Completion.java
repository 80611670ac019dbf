package dev.lora4j.llm.chat;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.generate.Generation;

/**
 * A completion, as text.
 *
 * @param text without special tokens and stop strings
 * @param finishReason why it ended
 * @param generation its tokens and timings
 * @param dropped number of earlier messages dropped to fit the maximum sequence length
 */
public record Completion(
    String text, FinishReason finishReason, Generation generation, int dropped) {}
