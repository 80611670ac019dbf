package dev.lora4j.llm.embedding;

/**
 * A document in the order of its relevance.
 *
 * @param index its index among those given
 * @param score its score
 */
public record RankedDocument(int index, String document, float score) {}
