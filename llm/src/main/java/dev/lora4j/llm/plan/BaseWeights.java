package dev.lora4j.llm.plan;

/**
 * The memory of a base model's weights.
 *
 * @param store the name of the store
 * @param bytes of all weights
 * @param scratchBytes of the largest weight in float32, which a worker needs while it multiplies by
 *     it; 0 if the weights are float32
 */
public record BaseWeights(String store, long bytes, long scratchBytes) {}
