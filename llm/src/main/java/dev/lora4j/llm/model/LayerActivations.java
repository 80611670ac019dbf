package dev.lora4j.llm.model;

/**
 * The values that training keeps of one decoder layer between its forward and its backward pass,
 * all of its linear layers adapted by LoRA.
 *
 * @param kept values of each token; low-rank features of adapters are not included
 * @param passing values of each token that exist only while the layer runs
 * @param keptOfPairs values of each pair of tokens of which one attends to the other: attention
 *     weights, which only dropout needs again
 */
public record LayerActivations(long kept, long passing, long keptOfPairs) {}
