package dev.lora4j.serve.engine;

import dev.lora4j.llm.constrain.Constraint;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A completion to generate.
 *
 * @param adapter the adapter, leased for the whole completion
 * @param prompt token ids
 * @param minTokens minimum number of tokens before a stop token can come
 * @param maxTokens maximum number of tokens after the prompt
 * @param stopTokens tokens that end the completion
 * @param constraint the grammar of the completion's text; empty for any text
 */
public record GenerationRequest(
    AdapterLease adapter,
    List<Long> prompt,
    int minTokens,
    int maxTokens,
    Set<Long> stopTokens,
    TokenChoice choice,
    Optional<Constraint> constraint,
    GenerationListener listener) {
  public GenerationRequest {
    prompt = List.copyOf(prompt);
    stopTokens = Set.copyOf(stopTokens);
  }

  /** A completion that may stop with its first token. */
  public GenerationRequest(
      AdapterLease adapter,
      List<Long> prompt,
      int maxTokens,
      Set<Long> stopTokens,
      TokenChoice choice,
      Optional<Constraint> constraint,
      GenerationListener listener) {
    this(adapter, prompt, 0, maxTokens, stopTokens, choice, constraint, listener);
  }

  GenerationRequest listener(GenerationListener other) {
    return new GenerationRequest(
        adapter, prompt, minTokens, maxTokens, stopTokens, choice, constraint, other);
  }

  /** The name of the base model or the adapter. */
  public String model() {
    return adapter.version().name();
  }
}
