package dev.lora4j.serve.engine;

import java.util.List;
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
    List<Long> prompt,
    int maxTokens,
    Set<Long> stopTokens,
    TokenChoice choice,
    GenerationListener listener) {
  public GenerationRequest {
    prompt = List.copyOf(prompt);
    stopTokens = Set.copyOf(stopTokens);
  }

  GenerationRequest listener(GenerationListener other) {
    return new GenerationRequest(adapter, prompt, maxTokens, stopTokens, choice, other);
  }

  /** The name of the base model or the adapter. */
  public String model() {
    return adapter.version().name();
  }
}
