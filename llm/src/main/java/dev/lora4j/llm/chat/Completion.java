package dev.lora4j.llm.chat;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.generate.Generation;

/**
 * A completion as text, without special tokens and stop strings, and the number of earlier messages
 * that were dropped to fit the maximum sequence length.
 */
public record Completion(
    String text, FinishReason finishReason, Generation generation, int dropped) {}
