package dev.lora4j.llm.plan;

/**
 * The memory of a base model's weights.
 *
 * @param store the name of the store
 * @param bytes of all weights
 * @param isDense whether products use them as they are, without dequantising
 */
public record BaseWeights(String store, long bytes, boolean isDense) {}
