package dev.lora4j.serve.engine;

import java.util.Set;

/**
 * A completion to generate.
 *
 * @param adapter the adapter, leased for the whole completion
 * @param prompt token ids
 * @param maxTokens maximum number of tokens after the prompt
 * @param stopTokens tokens that end the completion
 */
public record GenerationRequest(
    AdapterLease adapter,
    long[] prompt,
    int maxTokens,
    Set<Long> stopTokens,
    TokenChoice choice,
    GenerationListener listener) {
  public GenerationRequest {
    prompt = prompt.clone();
    stopTokens = Set.copyOf(stopTokens);
  }
}
