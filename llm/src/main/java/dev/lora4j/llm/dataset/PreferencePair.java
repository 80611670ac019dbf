package dev.lora4j.llm.dataset;

/**
 * Two tokenized answers to the same prompt.
 *
 * @param chosen the better one
 * @param rejected the other one
 */
public record PreferencePair(Example chosen, Example rejected) {}
