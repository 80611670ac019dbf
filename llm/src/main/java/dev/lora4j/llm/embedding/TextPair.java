package dev.lora4j.llm.embedding;

/** A query and a document to score for it. */
public record TextPair(String query, String document) {}
